/**
 * What the page does where scripts run: it filters the table of cases, shows one case at a time, and keeps both in the URL's
 * hash. It makes no markup and reads none: elements are shown and hidden, text goes in by `textContent` and `value`, so that
 * nothing an agent said, and nothing in a hash, can become more than text. The page's policy allows this very text by its hash,
 * and forbids every other script. Without it the page is whole: all cases, one below the other.
 *
 * Kept as text because it runs in a browser, where nothing is compiled; test/html-report.test.ts runs it in one.
 */
export const script = `'use strict'
;(() => {
  const page = document.documentElement
  page.classList.add('js')
  const most = 100
  const byId = (id) => document.getElementById(id)

  const start = () => {
    const overview = byId('overview')
    const pages = byId('pages')
    const turn = byId('turn')
    const lost = byId('lost')
    const title = document.title
    const sections = new Map([...document.querySelectorAll('section.case')].map((one) => [one.id, one]))
    const table = byId('table')
    const filter = byId('filter')
    const text = byId('text')
    const category = byId('category')
    const tag = byId('tag')
    const chips = filter === null ? [] : [...filter.querySelectorAll('button[data-status]')]
    const shown = byId('shown')
    const all = byId('all')
    const clear = byId('clear')
    const list = (value) => (value === undefined || value === '' ? [] : value.split(' '))
    const rows = (table === null ? [] : [...table.tBodies[0].rows]).map((row) => ({
      row,
      link: row.querySelector('a'),
      fragment: row.querySelector('a').getAttribute('href').slice(1),
      text: row.textContent.toLowerCase(),
      is: new Set(list(row.dataset.is)),
      category: row.dataset.category,
      tags: new Set(list(row.dataset.tags)),
    }))
    let matching = rows
    let isWhole = false
    let left = null

    const indexOf = (select, name) =>
      select === null || name === null
        ? ''
        : ([...select.options].find((one) => one.value !== '' && one.textContent === name)?.value ?? '')
    const nameOf = (select) =>
      select === null || select.value === '' ? '' : select.selectedOptions[0].textContent

    const filterHash = () => {
      const parts = new URLSearchParams()
      if (text !== null && text.value !== '') parts.set('q', text.value)
      const pressed = chips.filter((one) => one.getAttribute('aria-pressed') === 'true')
      if (pressed.length > 0) parts.set('status', pressed.map((one) => one.dataset.status).join(','))
      for (const select of [category, tag]) {
        const name = nameOf(select)
        if (name !== '') parts.set(select.id, name)
      }
      return parts.toString()
    }

    const apply = () => {
      if (filter === null) return
      const words = text.value.toLowerCase().split(/\\s+/).filter((word) => word !== '')
      const pressed = chips.filter((one) => one.getAttribute('aria-pressed') === 'true')
      const statuses = pressed.map((one) => one.dataset.status)
      const ofCategory = category === null ? '' : category.value
      const ofTag = tag === null ? '' : tag.value
      matching = rows.filter(
        (one) =>
          (statuses.length === 0 || statuses.some((status) => one.is.has(status))) &&
          (ofCategory === '' || one.category === ofCategory) &&
          (ofTag === '' || one.tags.has(ofTag)) &&
          words.every((word) => one.text.includes(word)),
      )
      const visible = new Set(isWhole ? matching : matching.slice(0, most))
      for (const one of rows) {
        const hide = !visible.has(one)
        if (one.row.hidden !== hide) one.row.hidden = hide
      }
      const some = matching.length > visible.size ? ', the first ' + visible.size + ' are shown' : ''
      shown.textContent = matching.length + ' of ' + rows.length + ' cases' + some
      all.hidden = matching.length <= visible.size
      clear.hidden = filterHash() === ''
    }

    const edited = () => {
      isWhole = false
      const hash = filterHash()
      history.replaceState(null, '', hash === '' ? '#' : '#' + hash)
      apply()
    }

    const readFilter = (asked) => {
      if (filter === null) return
      text.value = asked.get('q') ?? ''
      const statuses = new Set((asked.get('status') ?? '').split(','))
      for (const chip of chips) chip.setAttribute('aria-pressed', String(statuses.has(chip.dataset.status)))
      if (category !== null) category.value = indexOf(category, asked.get('category'))
      if (tag !== null) tag.value = indexOf(tag, asked.get('tag'))
      apply()
    }

    const sectionAsked = (hash, asked) => {
      const exact = sections.get(hash)
      if (exact !== undefined || !asked.has('case')) return exact
      return sections.get('case=' + encodeURIComponent(asked.get('case').toWellFormed()))
    }

    const showCase = (section) => {
      for (const one of sections.values()) one.classList.toggle('shown', one === section)
      overview.hidden = section !== undefined
      pages.hidden = section === undefined
      turn.hidden = section === undefined
      page.classList.toggle('on-case', section !== undefined)
    }

    const turnTo = (link, one) => {
      link.hidden = one === undefined
      if (one !== undefined) link.setAttribute('href', '#' + one.fragment)
    }

    const route = () => {
      const hash = location.hash.slice(1)
      const asked = new URLSearchParams(hash)
      const section = sectionAsked(hash, asked)
      lost.hidden = section !== undefined || !asked.has('case')
      showCase(section)
      if (section === undefined) {
        if (!asked.has('case')) readFilter(asked)
        document.title = title
        const row = left === null ? undefined : rows.find((one) => one.fragment === left)
        left = null
        if (row !== undefined && !row.row.hidden) {
          row.link.focus({ preventScroll: true })
          row.row.scrollIntoView({ block: 'center' })
        }
        return
      }
      left = section.id
      const heading = section.querySelector('h2')
      document.title = heading.textContent + ' · ' + title
      const inList = matching.some((one) => one.fragment === section.id)
      const order = inList ? matching : rows
      const at = order.findIndex((one) => one.fragment === section.id)
      const back = filterHash()
      byId('back').setAttribute('href', back === '' ? '#' : '#' + back)
      turnTo(byId('previous'), order[at - 1])
      turnTo(byId('next'), at === -1 ? undefined : order[at + 1])
      byId('place').textContent = at === -1 ? '' : at + 1 + ' of ' + order.length
      scrollTo(0, 0)
      heading.focus({ preventScroll: true })
    }

    const move = (by) => {
      const seen = matching.filter((one) => !one.row.hidden)
      const at = seen.findIndex((one) => one.link === document.activeElement)
      const next = seen[at === -1 ? (by > 0 ? 0 : seen.length - 1) : at + by]
      if (next !== undefined) next.link.focus()
      else if (by < 0 && text !== null) text.focus()
    }

    const onKey = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
      const target = event.target
      const isTyping = target instanceof HTMLInputElement || target instanceof HTMLSelectElement
      const isOnCase = page.classList.contains('on-case')
      if (event.key === 'Escape') {
        if (isOnCase) byId('back').click()
        else if (target === text && text.value !== '') {
          text.value = ''
          edited()
        } else return
      } else if (isOnCase && !isTyping && (event.key === 'n' || event.key === 'p')) {
        const link = byId(event.key === 'n' ? 'next' : 'previous')
        if (!link.hidden) link.click()
      } else if (!isOnCase && filter !== null && !isTyping && event.key === '/') text.focus()
      else if (!isOnCase && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
        const isHere = target === text || rows.some((one) => one.link === target)
        if (!isHere) return
        move(event.key === 'ArrowDown' ? 1 : -1)
      } else return
      event.preventDefault()
    }

    if (filter !== null) {
      filter.hidden = false
      text.addEventListener('input', edited)
      for (const select of [category, tag]) if (select !== null) select.addEventListener('change', edited)
      for (const chip of chips) {
        chip.addEventListener('click', () => {
          chip.setAttribute('aria-pressed', String(chip.getAttribute('aria-pressed') !== 'true'))
          edited()
        })
      }
      all.addEventListener('click', () => {
        isWhole = true
        apply()
      })
      clear.addEventListener('click', () => {
        readFilter(new URLSearchParams())
        edited()
        text.focus()
      })
    }
    for (const name of ['open', 'close']) {
      const button = byId(name)
      button.addEventListener('click', () => {
        for (const one of document.querySelectorAll('section.case.shown details')) one.open = name === 'open'
      })
    }
    addEventListener('hashchange', route)
    addEventListener('keydown', onKey)
    apply()
    route()
  }

  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start)
  else start()
})()
`
