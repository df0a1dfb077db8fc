/** The `init` of a chat call, as an SDK makes it. */
export function chatInit({
  body = {},
  headers = {},
  ...init
}: Omit<RequestInit, 'body' | 'headers'> & {
  body?: object;
  headers?: Record<string, string>;
} = {}): RequestInit {
  const messages = [{ role: 'user', content: 'one two' }];
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer test', ...headers },
    body: JSON.stringify({ model: 'm', messages, ...body }),
    ...init,
  };
}
