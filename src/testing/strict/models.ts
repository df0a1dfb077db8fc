/** What the providers' models take, as far as it shows in their names. A name that says nothing is that of a new one. */

/** Whether a model of OpenAI's reasons, and therefore takes no sampling parameters. */
export function isReasoning(model: string): boolean {
  return /^(?:ft:)?(?:o\d|gpt-[56])/.test(model) && !model.includes('chat');
}

/** The efforts that a reasoning model of OpenAI's knows. */
export function effortsOf(model: string): readonly string[] {
  if (/^(?:ft:)?o\d/.test(model)) return ['low', 'medium', 'high'];
  if (/gpt-5(?!\.)/.test(model)) return ['minimal', 'low', 'medium', 'high'];
  if (/gpt-5\.1/.test(model)) return ['none', 'low', 'medium', 'high'];
  return ['none', 'low', 'medium', 'high', 'xhigh'];
}

/** What a model of Anthropic's takes. */
export interface Claude {
  /** `307` is 3.7. */
  readonly version: number;
  /** Thinking by a budget of tokens. */
  readonly takesBudget: boolean;
  /** Thinking as it sees fit. */
  readonly takesAdaptive: boolean;
  readonly efforts: readonly string[];
  readonly takesPrefill: boolean;
  /** A schema for the answer, and strict tools. */
  readonly takesSchemas: boolean;
  readonly maxPromptTokens: number;
}

const CLAUDE = /claude-(?:([a-z]+)-)?(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?/;

/** What is known of a Claude by its name. */
export function claudeOf(model: string): Claude {
  const [, family, major, minor = '0'] = CLAUDE.exec(model) ?? [];
  const version =
    major === undefined ? Number.POSITIVE_INFINITY : Number(major) * 100 + Number(minor);
  const isOpus = family === 'opus';
  return {
    version,
    takesBudget: version >= 307 && version < 407,
    takesAdaptive: version >= 406,
    efforts: claudeEfforts(version, isOpus),
    takesPrefill: version < 406,
    takesSchemas: version >= 405 || (isOpus && version === 401),
    maxPromptTokens: version >= 406 ? 1_000_000 : 200_000,
  };
}

function claudeEfforts(version: number, isOpus: boolean): readonly string[] {
  if (version < 405 || (version === 405 && !isOpus)) return [];
  if (version === 405) return ['high', 'low', 'medium'];
  const usual = ['high', 'low', 'max', 'medium'];
  return version < 407 ? usual : [...usual, 'xhigh'];
}
