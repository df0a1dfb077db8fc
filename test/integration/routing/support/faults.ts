/** What goes wrong at a provider, in the words of the fake one's fault URLs. */

/** Before a response, or in the place of one. */
const beforeAnything = [
  'status;code=500',
  'status;code=503',
  'status;code=529',
  'status;code=429',
  'status;code=408',
  'status;code=429;retry-after=3600',
  'status;code=429;error-code=insufficient_quota',
  'reset',
  'close',
  'hang',
  'html',
  'html;code=200',
  'gzip;mode=lie',
];
/** Faults of an answer in one piece. */
export const ofJson = [...beforeAnything, 'short-body', 'malformed'];
/** Faults of a stream before its first content. */
export const ofStreams = [
  ...beforeAnything,
  'reset;after=headers',
  'close;after=headers',
  'hang;after=headers',
  'end;after=0',
  'reset;after=1',
  'end;after=1',
  'hang;after=1',
  'malformed;after=0',
  'error-event;after=0',
  'error-event;after=1',
];
/** Faults of a stream after its first content. */
export const afterContent = [
  'reset;after=6',
  'end;after=6',
  'malformed;after=6',
  'error-event;after=6',
  'hang;after=6',
];
