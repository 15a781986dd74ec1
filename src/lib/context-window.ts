/** Tokens a model can be asked with at most; `undefined` where that is not known. */
export type ContextWindowOf = (model: string) => number | undefined

/**
 * The context windows of the bundled table (https://github.com/pydantic/genai-prices), which is read here, not with the
 * module, and never brought up to date over the network. It knows less of windows than of prices, and nothing of what an
 * account was granted beyond the usual.
 */
export async function loadContextWindows(): Promise<ContextWindowOf> {
  const { calcPrice } = await import('@pydantic/genai-prices')
  return (model) => calcPrice({ input_tokens: 1 }, model)?.model.context_window
}
