/** Whether a content type (lower case) is JSON, `application/problem+json` included, `application/jsonl` not. */
export function isJson(contentType: string): boolean {
  return /^\s*(?:application\/json|[^;]*\+json)\s*(?:;|$)/.test(contentType);
}
