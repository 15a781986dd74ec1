import { defineConfig } from 'evalkit'

/** Settings of the whole project; an eval's own win. Every key has a default: `evalkit run` works with none. */
export default defineConfig({ policy: { margin: 0.05 } })
