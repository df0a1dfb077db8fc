import type { DialectReader } from '../../../../src/dialects/dialect.js';
import type {
  Failure,
  SettledChoice,
  Usage,
  UsageIteration,
} from '../../../../src/pipeline/settlement.js';

/** How long a text is and how it begins. */
export type Gist = readonly [length: number, beginning: string];

/** What a choice said, in a form short enough for a table. Members that are not there are `undefined` or left out. */
export interface ChoiceSummary {
  readonly finish?: string;
  readonly text?: Gist;
  readonly reasoning?: Gist;
  readonly refusal?: Gist;
  /** `name/length of the arguments`. */
  readonly calls?: readonly string[];
}

/** The figures of a usage. */
export interface UsageSummary {
  readonly input?: number;
  readonly output?: number;
  readonly total?: number;
  readonly read?: number;
  readonly write?: number;
  readonly write1h?: number;
  readonly reasoning?: number;
  readonly audioIn?: number;
  readonly audioOut?: number;
  readonly imageIn?: number;
  readonly cost?: number;
  readonly invalid?: true;
  /** `model:input/output`. */
  readonly iterations?: readonly string[];
}

/** What went wrong. */
export interface FailureSummary {
  readonly status?: number;
  readonly code?: string;
  readonly type?: string;
  readonly message?: string;
}

/** What a response settled as. */
export interface Summary {
  readonly complete?: boolean;
  readonly model?: string;
  readonly tier?: string;
  readonly fingerprint?: string;
  readonly choices?: readonly ChoiceSummary[];
  readonly usage?: UsageSummary;
  readonly failure?: FailureSummary;
}

const GIST_LENGTH = 24;

/** Sums up what a reader read. */
export function summaryOf(reader: DialectReader): unknown {
  const { complete, model, serviceTier, systemFingerprint, choices, usage } = reader.facts();
  return {
    complete,
    model,
    tier: serviceTier,
    fingerprint: systemFingerprint?.slice(0, 40),
    choices: choices.map(choiceSummary),
    usage: usage && usageSummary(usage),
    failure: reader.failure && failureSummary(reader.failure),
  };
}

/** Sums up a failure; its status counts only where a response had it. */
export function failureSummary({ kind, status, code, type, message }: Failure): unknown {
  return {
    status: kind === 'status' ? status : undefined,
    code,
    type,
    message: message.slice(0, GIST_LENGTH),
  };
}

function choiceSummary({
  finishReason,
  text,
  reasoning,
  refusal,
  toolCalls,
}: SettledChoice): unknown {
  return {
    finish: finishReason,
    text: gist(text),
    reasoning: gist(reasoning),
    refusal: gist(refusal),
    calls:
      toolCalls.length === 0
        ? undefined
        : toolCalls.map((call) => `${call.name}/${call.arguments.length}`),
  };
}

function usageSummary(usage: Usage): unknown {
  return {
    input: usage.inputTokens,
    output: usage.outputTokens,
    total: usage.totalTokens,
    read: usage.cacheReadTokens,
    write: usage.cacheWriteTokens,
    write1h: usage.cacheWrite1hTokens,
    reasoning: usage.reasoningTokens,
    audioIn: usage.audioInputTokens,
    audioOut: usage.audioOutputTokens,
    imageIn: usage.imageInputTokens,
    cost: usage.reportedCost,
    invalid: usage.invalid,
    iterations: usage.iterations?.map(iterationSummary),
  };
}

function iterationSummary({ model, inputTokens, outputTokens }: UsageIteration): string {
  return `${model ?? '-'}:${inputTokens}/${outputTokens}`;
}

function gist(text: string | undefined): Gist | undefined {
  return text === undefined || text === '' ? undefined : [text.length, text.slice(0, GIST_LENGTH)];
}
