import type { FakeProvider, RecordedRequest } from 'zerohop/testing';

import { transportHeaders } from './differences.js';

/** What a provider received, as far as it is part of the calls. */
export function receivedBy(provider: FakeProvider): readonly unknown[] {
  return provider.requests.map(receivedRequest);
}

function receivedRequest({ method, target, headers, form, text }: RecordedRequest): unknown {
  const boundary = /boundary=([^;]+)/.exec(headers['content-type'] ?? '')?.[1];
  const kept = Object.entries(headers)
    .filter(([name]) => !transportHeaders.has(name))
    // A form's boundary is drawn anew for each.
    .map(([name, value]) => [name, boundary === undefined ? value : value.replace(boundary, '*')]);
  const parts = form.map(({ bytes, ...part }) => ({
    ...part,
    bytes: Buffer.from(bytes).toString('base64'),
  }));
  return {
    method,
    target,
    headers: Object.fromEntries(kept),
    body: boundary === undefined ? text : parts,
  };
}
