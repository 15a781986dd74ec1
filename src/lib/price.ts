/** Tokens of one reply, in disjoint numbers: `input` is neither read from nor written to a cache. */
export interface PricedUsage {
  readonly input: number
  readonly cacheRead: number
  readonly cacheWrite: number
  readonly output: number
}

/** What a project says a model costs, in USD per million tokens. What is left out is unknown, not free. */
export interface ModelPrice {
  readonly input: number
  readonly output: number
  /** Default: as `input`. */
  readonly cacheRead?: number | undefined
  /** Default: as `input`. */
  readonly cacheWrite?: number | undefined
}

/** By the model's name, exactly as it is asked for or answers. */
export type PriceOverrides = Readonly<Record<string, ModelPrice>>

/** Whose price is asked for. */
export interface PricedModel {
  /** As it calls itself in its reply, or as it is asked for. */
  readonly model: string
  /** As it was asked for, where that is another name: what the project says of either counts. */
  readonly asked?: string | undefined
  /** The address that was asked: two providers may have one model at two prices. */
  readonly url?: string | undefined
  /** When, in milliseconds since the epoch: prices change. Default: the newest that are known. */
  readonly at?: number | undefined
}

/** USD; `undefined` where the price of this model is not known. What is not known is never 0. */
export type PriceOf = (usage: PricedUsage, of: PricedModel) => number | undefined

const million = 1_000_000

/** Later than any price that is known. Noon, for those that differ by the time of day. */
const newest = Date.UTC(9999, 0, 1, 12)

/**
 * The prices of the bundled table (https://github.com/pydantic/genai-prices), which is read here, not with the module,
 * and never brought up to date over the network: a newer one comes with a newer package. What the project says of a
 * model wins. An address the table does not know (a gateway, a server on this machine) is passed over, and the model
 * is priced by its name.
 *
 * Writes to a cache that live for an hour cost more than those that live for five minutes; usage does not tell them
 * apart, so all are priced as the latter. Searches and other tools that providers bill by the call are not in it.
 */
export async function loadPrices(overrides: PriceOverrides = {}): Promise<PriceOf> {
  const { calcPrice, findProvider } = await import('@pydantic/genai-prices')
  const listed = (
    usage: PricedUsage,
    model: string,
    { url, at = newest }: PricedModel,
  ): number | undefined => {
    const known = url !== undefined && findProvider({ providerApiUrl: url }) !== undefined
    const { input, cacheRead, cacheWrite, output } = usage
    const priced = calcPrice(
      {
        input_tokens: input + cacheRead + cacheWrite,
        cache_read_tokens: cacheRead,
        cache_write_tokens: cacheWrite,
        output_tokens: output,
      },
      model,
      { timestamp: new Date(at), ...(known ? { providerApiUrl: url } : {}) },
    )
    // What is billed by the hour or the image has no price for its tokens: the table would say 0.
    if (priced?.model_price.input_mtok === undefined || priced.model_price.output_mtok === undefined) {
      return undefined
    }
    return priced.total_price
  }
  return (usage, of) => {
    const names = [of.model, of.asked].filter((name) => name !== undefined)
    const own = names.find((name) => Object.hasOwn(overrides, name))
    if (own !== undefined) return ownPrice(usage, overrides[own] as ModelPrice)
    for (const name of names) {
      const price = listed(usage, name, of)
      if (price !== undefined) return price
    }
    return undefined
  }
}

function ownPrice({ input, cacheRead, cacheWrite, output }: PricedUsage, price: ModelPrice): number {
  const parts = [
    input * price.input,
    cacheRead * (price.cacheRead ?? price.input),
    cacheWrite * (price.cacheWrite ?? price.input),
    output * price.output,
  ]
  return parts.reduce((sum, part) => sum + part, 0) / million
}
