/** What is known of a Claude by its name, as far as requests differ by it. A name that says nothing is a new one. */
export interface ClaudeModel {
  /** `budget`: for as many tokens as it is given; `adaptive`: as it sees fit, by an effort. */
  readonly thinking: 'none' | 'budget' | 'adaptive';
  /** Whether it can be asked not to think. */
  readonly canRest: boolean;
  /** Whether it knows the effort `xhigh`. */
  readonly takesXhigh: boolean;
  /** Whether it goes on from a last turn of its own. */
  readonly takesPrefill: boolean;
  /** Whether it takes a JSON schema for its answer, and strict tools. */
  readonly takesSchemas: boolean;
}

/** `claude-opus-4-6`, `claude-3-7-sonnet-20250219`, `us.anthropic.claude-sonnet-4-5-20250929-v1:0`, `claude-opus-4.6`. */
const NAME = /claude-(?:([a-z]+)-)?(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?/;
/** They always think. */
const RESTLESS = /claude-(?:fable|mythos)/;

/** What is known of the model of this name. */
export function claudeModel(name: string | undefined): ClaudeModel {
  const [, family, major, minor = '0'] = NAME.exec(name ?? '') ?? [];
  const version =
    major === undefined ? Number.POSITIVE_INFINITY : Number(major) * 100 + Number(minor);
  return {
    thinking: version < 307 ? 'none' : version < 406 ? 'budget' : 'adaptive',
    canRest: !RESTLESS.test(name ?? ''),
    takesXhigh: version >= 407,
    takesPrefill: version < 406,
    takesSchemas: version >= 405 || (family === 'opus' && version >= 401),
  };
}
