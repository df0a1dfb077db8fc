/** An event as the WHATWG rules give it. */
export interface ReferenceEvent {
  readonly event: string | null;
  readonly data: string;
}

/**
 * The event stream rules, word for word and as slow as they are: decode everything, split into lines,
 * process each. Departs from them in delivering the event that the stream ended in.
 */
export function referenceEvents(bytes: Uint8Array): ReferenceEvent[] {
  const text = new TextDecoder().decode(bytes);
  const events: ReferenceEvent[] = [];
  let name = '';
  let data: string[] = [];
  for (const line of [...text.split(/\r\n|\n|\r/), '']) {
    if (line === '') {
      if (data.length > 0) events.push({ event: name === '' ? null : name, data: data.join('\n') });
      name = '';
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
  }
  return events;
}
