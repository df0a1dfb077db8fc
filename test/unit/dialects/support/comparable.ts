import type { ResponseFacts, SettledToolCall, Usage } from '../../../../src/pipeline/settlement.js';

/** Facts without what the two modes of an API rightly spell differently: the usage object and the JSON of arguments. */
export function comparable({ usage, choices, ...facts }: ResponseFacts): unknown {
  return {
    ...facts,
    usage: usage && figures(usage),
    choices: choices.map(({ toolCalls, ...choice }) => ({
      ...choice,
      toolCalls: toolCalls.map(parsedCall),
    })),
  };
}

/** The figures of a usage, without the provider's own object. */
export function figures({ reported: _, iterations, ...usage }: Usage): unknown {
  return { ...usage, iterations: iterations?.map(({ reported: __, ...iteration }) => iteration) };
}

function parsedCall(call: SettledToolCall): unknown {
  try {
    return { ...call, arguments: JSON.parse(call.arguments) };
  } catch {
    return call;
  }
}
