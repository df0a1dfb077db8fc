/** Whether a content type (lower case) is JSON, `application/problem+json` included. */
export function isJson(contentType: string): boolean {
  return contentType.startsWith('application/json') || /^[^;]*\+json\b/.test(contentType);
}
