import * as z from 'zod'

/** Any JSON value. What agents, tools and providers say is JSON and nothing more until a schema says otherwise. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined }

/**
 * A slot that holds any JSON value. It is not walked here: text from outside passes `lib/json.ts` first, which
 * bounds size and depth and refuses `__proto__`.
 */
export const json = z.custom<Json>((value) => value !== undefined, { error: 'expected a JSON value' })

/** A JSON object with free keys. */
export const jsonObject = z.record(z.string(), json.optional())

/** Nouns are values: nobody changes one after it was made. `Json` slots are left as they are. */
export type DeepReadonly<T> = Json extends T
  ? T
  : T extends readonly (infer U)[]
    ? readonly DeepReadonly<U>[]
    : T extends object
      ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
      : T
