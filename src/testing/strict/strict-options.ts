/** How strict a fake provider is. */
export interface StrictOptions {
  /**
   * Whose rules requests in OpenAI's formats meet: `openai`, or a server of the same format, whose rules are fewer
   * (`deepseek`, `mistral`, `openrouter`, `voyage`, or any other name).
   *
   * @defaultValue `'openai'`
   */
  readonly provider?: string | undefined;
  /** The models there are; requests for others are refused. By default any model will do. */
  readonly models?: readonly string[] | undefined;
}
