import { canonicalJson } from '../lib/json.ts'
import type { Json } from '../schema/json.ts'
import type { SpanOf } from '../schema/trace.ts'

/**
 * Whether a tool call failed, by what its span says, or by what programs say in a result that is marked as none: a text
 * that begins with "Error", an object with an `error`, or one with `success: false`.
 */
export function hasFailed({ status, reply }: SpanOf<'tool'>): boolean {
  if (status === 'error' || reply?.isError === true) return true
  return reply !== undefined && saysFailure(reply.response)
}

function saysFailure(response: Json): boolean {
  if (typeof response === 'string')
    return /^\W{0,10}(?:error|exception|traceback)\b/i.test(response.slice(0, 40))
  if (!isObject(response)) return false
  const { error, isError, success, ok } = response
  const told = error !== undefined && error !== null && error !== '' && error !== false
  return told || isError === true || success === false || ok === false
}

/** Whether a result holds nothing: no text, an empty list or object, or a list of results that is empty. */
export function isEmptyResult(response: Json): boolean {
  if (response === null) return true
  if (typeof response === 'string')
    return /^\s*(?:\[\s*\]|\{\s*\}|null|none|"")?\s*$/i.test(response.slice(0, 200))
  if (Array.isArray(response)) return response.length === 0
  if (!isObject(response)) return false
  const members = Object.entries(response)
  if (members.length === 0) return true
  const lists = members.filter(([, member]) => Array.isArray(member))
  const isCounted = members.every(([, member]) => Array.isArray(member) || member === 0 || member === null)
  return (
    lists.length > 0 && isCounted && lists.every(([, member]) => (member as readonly Json[]).length === 0)
  )
}

/** What makes two calls the same: the tool and its arguments, whatever the order of their members. */
export function callIdentity({ request }: SpanOf<'tool'>): string {
  return `${request.name} ${canonicalJson(request.arguments)}`
}

/** The same with what came back; `undefined` where nothing did. */
export function exchangeIdentity(span: SpanOf<'tool'>): string | undefined {
  if (span.reply === undefined) return undefined
  return `${callIdentity(span)} ${span.reply.isError ? 'error ' : ''}${canonicalJson(span.reply.response)}`
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
