/** A value in OTLP's JSON (opentelemetry-proto, common.proto): 64-bit integers are text. */
export type Value =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly arrayValue: { readonly values: readonly Value[] } }

export interface Attribute {
  readonly key: string
  readonly value: Value
}

export type Told = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

/** Attributes of what is known. Numbers that JSON cannot say are not known. */
export function attributesOf(told: Told): readonly Attribute[] {
  return Object.entries(told).flatMap(([key, value]) =>
    value === undefined || (typeof value === 'number' && !Number.isFinite(value))
      ? []
      : [{ key, value: valueOf(value) }],
  )
}

function valueOf(value: Exclude<Told[string], undefined>): Value {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  }
  return { arrayValue: { values: value.map((item) => ({ stringValue: item })) } }
}
