import { syncBuiltinESMExports } from 'node:module'
import { sha256 } from '../../lib/hash.ts'
import { mulberry32 } from '../../lib/stats/mulberry32.ts'
import { likeOriginal, replace } from './stand-in.ts'
import { worldHere } from './world.ts'

/** The chance of one trial: the same for the same parts, and another one for each other. */
export function seededRandom(...parts: readonly (string | number)[]): () => number {
  return mulberry32(Number.parseInt(sha256(JSON.stringify(parts)).slice(0, 8), 16))
}

/**
 * Puts stand-ins in the place of the process's sources of chance: `Math.random`, and `randomUUID`, `getRandomValues`,
 * `randomBytes`, `randomFill`, `randomFillSync`, `randomInt` of the global and of Node's `crypto`. In a trial they draw
 * from its seed; elsewhere the call is the original one. Once for a process.
 *
 * Not seen: functions that were taken out before, keys that are generated, and salts that native code draws itself.
 */
export function installRandom(): void {
  const place = globalThis as { [key]?: true }
  if (place[key] === true) return
  place[key] = true
  const module = process.getBuiltinModule('node:crypto')
  const web = globalThis.Crypto.prototype
  const seeded = (target: object, name: string, ours: Drawn): void => {
    const original = Reflect.get(target, name) as Function
    const standIn = function (this: unknown, ...args: never[]): unknown {
      const world = worldHere()
      const drawn = world === undefined ? undefined : ours(world.random, args)
      return drawn === undefined ? Reflect.apply(original, this, args) : drawn.value
    }
    replace(target, name, likeOriginal(standIn, original))
  }
  seeded(Math, 'random', (random) => ({ value: random() }))
  for (const target of [web, module]) {
    seeded(target, 'randomUUID', (random) => ({ value: uuidOf(random) }))
    seeded(target, 'getRandomValues', (random, [view]) => filled(random, view))
  }
  seeded(module, 'randomBytes', bytesOf)
  seeded(module, 'randomFillSync', (random, args) => filledPart(random, args))
  seeded(module, 'randomFill', (random, args) => {
    const done: unknown = args.at(-1)
    const made = typeof done === 'function' ? filledPart(random, args.slice(0, -1)) : undefined
    return made === undefined ? undefined : told(done as Callback, made.value)
  })
  seeded(module, 'randomInt', intOf)
  syncBuiltinESMExports()
}

const key = Symbol.for('evalkit.random.1')

/** What is drawn; `undefined` where the original is to say what is wrong with the arguments. */
type Drawn = (random: () => number, args: readonly unknown[]) => { readonly value: unknown } | undefined
type Callback = (error: null, value: unknown) => void

/** The largest that the originals take. */
const mostBytes = 2 ** 31 - 1
const mostWebBytes = 65_536

function fill(random: () => number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at++) bytes[at] = Math.floor(random() * 256)
}

/** RFC 9562, version 4. */
function uuidOf(random: () => number): string {
  const bytes = new Uint8Array(16)
  fill(random, bytes)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Buffer.from(bytes).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

function filled(random: () => number, view: unknown): { readonly value: unknown } | undefined {
  if (!ArrayBuffer.isView(view) || view.byteLength > mostWebBytes) return undefined
  if (view instanceof DataView || view instanceof Float32Array || view instanceof Float64Array)
    return undefined
  fill(random, bytesIn(view))
  return { value: view }
}

function filledPart(random: () => number, args: readonly unknown[]): { readonly value: unknown } | undefined {
  const [buffer, offset = 0, size] = args
  const view = buffer instanceof ArrayBuffer ? new Uint8Array(buffer) : buffer
  if (!ArrayBuffer.isView(view)) return undefined
  // Offsets count elements of the view, as the originals' do.
  const unit = 'BYTES_PER_ELEMENT' in view ? Number(view.BYTES_PER_ELEMENT) : 1
  const from = Number(offset) * unit
  const length = size === undefined ? view.byteLength - from : Number(size) * unit
  if (!(from >= 0 && length >= 0 && from + length <= view.byteLength)) return undefined
  fill(random, bytesIn(view).subarray(from, from + length))
  return { value: buffer }
}

function bytesIn({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function bytesOf(
  random: () => number,
  [size, done]: readonly unknown[],
): { readonly value: unknown } | undefined {
  if (typeof size !== 'number' || !(size >= 0 && size <= mostBytes)) return undefined
  if (done !== undefined && typeof done !== 'function') return undefined
  const bytes = Buffer.alloc(Math.trunc(size))
  fill(random, bytes)
  return done === undefined ? { value: bytes } : told(done as Callback, bytes)
}

function intOf(random: () => number, args: readonly unknown[]): { readonly value: unknown } | undefined {
  const done = args.find((arg) => typeof arg === 'function') as Callback | undefined
  const [first, second] = args.filter((arg) => typeof arg !== 'function')
  const [min, max] = second === undefined ? [0, first] : [first, second]
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max)) return undefined
  const [low, high] = [min as number, max as number]
  // The originals' own bound: a range of 48 bits.
  if (high <= low || high - low > 2 ** 48 - 1) return undefined
  // One number has 32 bits, a range up to 48.
  const share = (Math.floor(random() * 2 ** 32) * 2 ** 21 + Math.floor(random() * 2 ** 21)) / 2 ** 53
  const value = low + Math.floor(share * (high - low))
  return done === undefined ? { value } : told(done, value)
}

/** In a later turn, as the originals do. */
function told(done: Callback, value: unknown): { readonly value: undefined } {
  setImmediate(() => done(null, value))
  return { value: undefined }
}
