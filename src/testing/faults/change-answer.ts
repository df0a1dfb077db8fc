import { type Answer, errorAnswer, isStream, type SseEvent, withHeaders } from '../answer.js';
import { errorEvents } from './error-events.js';
import type { Fault, StatusFault } from './fault.js';

/** Puts another answer in place of the healthy one: an error status, a proxy's page, a redirect. */
export function replaceAnswer(answer: Answer, fault: Fault, target: string): Answer {
  switch (fault.kind) {
    case 'status':
      return statusAnswer(answer, fault);
    case 'html':
      return htmlAnswer(answer, fault.status ?? 502);
    case 'redirect': {
      const location = fault.to ?? `/landed${target}`;
      const empty = { ...answer, status: fault.status ?? 307, body: Buffer.alloc(0) };
      return withHeaders(empty, { location, 'content-type': null });
    }
    default:
      return answer;
  }
}

function statusAnswer(answer: Answer, { status, headers = {}, ...parts }: StatusFault): Answer {
  const failed = errorAnswer(answer.dialect, status, parts);
  return withHeaders({ ...failed, headers: { ...answer.headers, ...failed.headers } }, headers);
}

function htmlAnswer(answer: Answer, status: number): Answer {
  const page = `<html>\r\n<head><title>${status} Bad Gateway</title></head>\r\n<body>\r\n<center><h1>${status} Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n`;
  return withHeaders(
    { ...answer, status, body: Buffer.from(page) },
    { 'content-type': 'text/html' },
  );
}

/** Changes what a healthy answer carries: events left out, broken or replaced by an error. */
export function changeEvents(answer: Answer, fault: Fault): Answer {
  if (!isStream(answer.body)) {
    if (fault.kind !== 'malformed') return answer;
    return { ...answer, body: answer.body.subarray(0, Math.ceil(answer.body.length / 2)) };
  }
  const events = answer.body;
  switch (fault.kind) {
    case 'no-terminal':
      return { ...answer, body: events.filter((event) => event.terminal === undefined) };
    case 'no-done':
      return { ...answer, body: events.filter((event) => event.terminal !== 'marker') };
    case 'malformed':
      return { ...answer, body: insertMalformed(events, fault.afterEvents ?? 1) };
    case 'error-event': {
      const kept = events.slice(0, fault.afterEvents ?? 1);
      return { ...answer, body: [...kept, ...errorEvents(answer.dialect, kept, fault)] };
    }
    default:
      return answer;
  }
}

function insertMalformed(events: readonly SseEvent[], after: number): readonly SseEvent[] {
  const model = events[after] ?? events.at(-1);
  const broken = { event: model?.event, data: '{"id":"broken","choices":[{"delta":{"con' };
  return events.toSpliced(after, 0, broken);
}
