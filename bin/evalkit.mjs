#!/usr/bin/env node
// The launcher. It has to parse and speak on any Node that knows modules (12.17 and newer), because below 22.14
// the SQLite driver does not fail, it crashes: no imports, no top-level await, no syntax younger than 2018.

start()

function start() {
  if (!newEnough(process.versions.node)) {
    process.stderr.write(
      'EVK_NODE_TOO_OLD  evalkit needs Node 22.14 or newer; this is v' +
        process.versions.node +
        '.\n  hint  Install Node 24. In a clone, "npx evalkit" and "npm run" use the Node 24 among its devDependencies.\n',
    )
    process.exitCode = 2
    return
  }
  // A reader that has seen enough (`evalkit trace list | head`) is no failure, and the exit code is still the answer.
  process.stdout.on('error', ignoreClosedPipe)
  process.stderr.on('error', ignoreClosedPipe)
  // Node's own exit code for a crash is 1, which here means "the gate said no".
  process.on('uncaughtException', (error) => {
    // A run that guards its agents listens too, and then it decides.
    if (process.listenerCount('uncaughtException') === 1) crash(error)
  })

  const arguments_ = process.argv.slice(2)
  const fs = process.getBuiltinModule('node:fs')
  if (arguments_.length === 1 && (arguments_[0] === '--version' || arguments_[0] === '-v')) {
    const manifest = JSON.parse(fs.readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    process.stdout.write(manifest.version + '\n')
    return
  }
  const main = findMain(fs)
  if (main === undefined) {
    process.stderr.write(
      'EVK_USAGE  evalkit is not built here: dist/cli/main.js is missing.\n  hint  Run: npm run build\n',
    )
    process.exitCode = 2
    return
  }
  import(main.href)
    .then((door) => door.main(arguments_))
    .then((exitCode) => {
      process.exitCode = exitCode
      // What we said must be read first, however slow the reader is.
      process.stdout.write('', () => process.stderr.write('', leaveOpenThings))
    })
    .catch(crash)
}

// A connection or a timer that the user's code left open would keep us for ever, and with us a cancelled job. We are done;
// where nothing is open, Node leaves by itself before this timer.
function leaveOpenThings() {
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().filter((name) => !/^(TTY|Pipe)Wrap$/.test(name))
    const what = Array.from(new Set(open)).slice(0, 5).join(', ')
    process.stderr.write('left open by what was run, and ended: ' + (what || 'something') + '\n')
    process.exit()
  }, 1000).unref()
}

function newEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 14)
}

// The built program; in a clone that was not built, the source, where this Node strips types.
function findMain(fs) {
  const built = new URL('../dist/cli/main.js', import.meta.url)
  if (fs.existsSync(built)) return built
  const source = new URL('../src/cli/main.ts', import.meta.url)
  if (process.features.typescript && fs.existsSync(source)) return source
  return undefined
}

function ignoreClosedPipe(error) {
  if (error.code !== 'EPIPE') throw error
}

function crash(error) {
  const text = error instanceof Error ? error.stack : String(error)
  process.stderr.write(
    'EVK_BUG  evalkit crashed. This is a bug of ours; nothing that was committed is lost.\n' + text + '\n',
  )
  process.exit(4)
}
