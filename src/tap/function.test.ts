import { describe, expect, it, vi } from 'vitest'
import type { ToolReply } from '../schema/call.ts'
import { tool } from './function.ts'
import { TapAborted, tappedTool, withTap } from './tap.ts'
import { answering, type Asked, watching } from './testing/taps.ts'

const definition = Object.freeze({
  name: 'refund',
  description: 'Pays back.',
  input_schema: { type: 'object' },
})
const never = vi.fn<(args: unknown) => unknown>(() => {
  throw new Error('the real function ran')
})
const served = (reply: ToolReply, asked: Asked[] = []) => answering({ tool: reply }, asked)

class OutOfStock extends Error {
  override name = 'OutOfStock'
  readonly sku = 'tea'
}

describe('what a definition tells of its tool', () => {
  const schema = { type: 'object', properties: { order: { type: 'string' } } }

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['Anthropic', { input_schema: schema }],
    ['MCP', { inputSchema: schema }],
    ['OpenAI', { type: 'function', parameters: schema }],
  ])('is read as %s has it', (_, told) => {
    tool({ name: 'told', description: 'Pays.', outputSchema: schema, ...told }, never, { risk: 'low' })
    expect(tappedTool('told')).toEqual({
      facts: { risk: 'low' },
      description: 'Pays.',
      inputSchema: schema,
      outputSchema: schema,
    })
  })

  it('is left alone where it is code', () => {
    tool({ name: 'zod', description: 7, inputSchema: { parse: () => 1 }, outputSchema: () => schema }, never)
    expect(tappedTool('zod')).toEqual({ facts: {} })
  })
})

describe('tool, in a replay', () => {
  it('serves what was recorded, and never runs the function', async () => {
    const refund = tool(definition, never)
    const asked: Asked[] = []
    const got = await withTap(served({ response: { paid: 12 }, isError: false }, asked), () =>
      refund({ order: 'W12' }),
    )
    expect(got).toEqual({ paid: 12 })
    expect(never).not.toHaveBeenCalled()
    expect(asked).toEqual([{ kind: 'tool', request: { name: 'refund', arguments: { order: 'W12' } } }])
  })

  it('throws again what the recorded function threw, by name and message', async () => {
    const reply = { response: { thrown: { name: 'OutOfStock', message: 'no tea' } }, isError: true }
    const failed = await withTap(served(reply), () => tool(definition, never)({})).catch(
      (error: unknown) => error,
    )
    expect(failed).toBeInstanceOf(Error)
    expect(failed).toMatchObject({ name: 'OutOfStock', message: 'no tea' })
  })

  it('gives back an error result that was not thrown', async () => {
    const refund = tool(definition, never)
    expect(await withTap(served({ response: 'Error: no order', isError: true }), () => refund({}))).toBe(
      'Error: no order',
    )
    const alike = { thrown: { name: 'Error', message: 'x' } }
    expect(await withTap(served({ response: alike, isError: false }), () => refund({}))).toEqual(alike)
  })

  it('serves a copy: what the agent does to it does not reach the recording', async () => {
    const response = { items: ['tea', 'jam'] }
    const list = tool<object, { items: string[] }>(definition, () => response)
    const got = await withTap(served({ response, isError: false }), () => list({}))
    got.items.reverse()
    expect(response.items).toEqual(['tea', 'jam'])
  })

  it('asks with arguments as JSON carries them', async () => {
    const asked: Asked[] = []
    const find = tool<unknown, unknown>(definition, never)
    await withTap(served({ response: 1, isError: false }, asked), async () => {
      await find({ since: new Date(0), until: undefined })
      await find(undefined)
    })
    expect(asked.map((one) => 'kind' in one && 'arguments' in one.request && one.request.arguments)).toEqual([
      { since: '1970-01-01T00:00:00.000Z' },
      null,
    ])
  })

  it.each([
    ['a BigInt', { id: 1n }],
    ['not a number', Number.NaN],
    ['a key that is refused', JSON.parse('{"__proto__":1}')],
  ])('refuses arguments that JSON cannot say, out of band as well: %s', async (_, args) => {
    const asked: Asked[] = []
    const find = tool<unknown, unknown>(definition, never)
    const refused = await withTap(served({ response: 1, isError: false }, asked), () => find(args)).catch(
      (error: unknown) => error,
    )
    expect(TapAborted.is(refused)).toBe(true)
    expect(asked).toEqual([{ passed: 'tool refund was called with arguments that JSON cannot say' }])
    expect(never).not.toHaveBeenCalled()
  })
})

describe('tool, where nothing is recorded', () => {
  it('is the function: results and errors come through as they are', async () => {
    const when = new Date(0)
    expect(await tool(definition, () => when)(undefined)).toBe(when)
    expect(await tool(definition, () => undefined)(undefined)).toBeUndefined()
    const thrown = new OutOfStock('no tea')
    const failing = tool(definition, () => {
      throw thrown
    })
    await expect(failing(undefined)).rejects.toBe(thrown)
  })

  it('leaves the definition as it is, and adds no facts to it', () => {
    const refund = tool(definition, never, { effect: 'write', risk: 'high' })
    expect(refund.definition).toBe(definition)
    expect(Object.keys(definition)).toEqual(['name', 'description', 'input_schema'])
    expect(refund.facts).toEqual({ effect: 'write', risk: 'high' })
  })

  it('knows the name of a definition in the form of OpenAI', async () => {
    const asked: Asked[] = []
    const refund = tool({ type: 'function', function: { name: 'refund' } }, never)
    await withTap(served({ response: 1, isError: false }, asked), () => refund({}))
    expect(asked).toMatchObject([{ request: { name: 'refund' } }])
    expect(refund.definition.type).toBe('function')
  })
})

describe('tool, watched', () => {
  it('gives the agent what the world gave, and the watcher what JSON can say of it', async () => {
    const seen: unknown[] = []
    const when = new Date(0)
    const thrown = new OutOfStock('no tea')
    await withTap(watching(seen), async () => {
      expect(await tool(definition, () => ({ when }))({ a: 1 })).toEqual({ when })
      const failing = tool(definition, () => {
        throw thrown
      })
      await expect(failing({})).rejects.toBe(thrown)
      expect(await tool(definition, () => 1n)({})).toBe(1n)
      expect(await tool(definition, () => 'ran')({ id: 1n })).toBe('ran')
    })
    const notJson = { name: 'TypeError', message: 'The tool returned something that JSON cannot say.' }
    expect(seen).toEqual([
      {
        request: { name: 'refund', arguments: { a: 1 } },
        reply: { response: { when: '1970-01-01T00:00:00.000Z' }, isError: false },
      },
      {
        request: { name: 'refund', arguments: {} },
        reply: { response: { thrown: { name: 'OutOfStock', message: 'no tea' } }, isError: true },
      },
      { request: { name: 'refund', arguments: {} }, reply: { response: { thrown: notJson }, isError: true } },
      { passed: 'tool refund was called with arguments that JSON cannot say' },
    ])
  })
})
