import { expect, test } from 'vitest'
import { createRedaction } from '../../src/redaction.ts'

const environment = {
  OPENAI_API_KEY: 'sk-one-two-three',
  LONGER_TOKEN: 'sk-one-two-three-four',
  SHORT_KEY: 'abc',
  GIT_AUTHOR: 'Ada Lovelace',
  TLS_KEY_FILE: '/etc/tls/key.pem',
  DATABASE_URL: 'postgres://ada:p%40ss-word@db:5432/x',
  WEATHER: 'told-by-the-file',
  HOSTNAME: 'machine-of-ada',
}

test.each([
  ['key sk-one-two-three.', 'key [OPENAI_API_KEY].'],
  ['sk-one-two-three-four', '[LONGER_TOKEN]'],
  ['abc', 'abc'],
  ['Ada Lovelace', 'Ada Lovelace'],
  ['/etc/tls/key.pem', '/etc/tls/key.pem'],
  ['postgres://ada:p%40ss-word@db', 'postgres://ada:[DATABASE_URL]@db'],
  ['p@ss-word', '[DATABASE_URL]'],
  ['told-by-the-file', 'told-by-the-file'],
])('%j is told as %j', (text, expected) => {
  expect(createRedaction({ environment }).text(text)).toBe(expected)
})

test('what an agent file refers to, names or holds in a place for secrets is one from then on', () => {
  const redaction = createRedaction({ environment: { ...environment, MINE: 'named-as-a-key' } })
  redaction.learn({
    env: { A: '${WEATHER}' },
    headers: { Authorization: 'Bearer written-as-it-is', Accept: 'application/json' },
    endpoint: 'https://a.example/${HOSTNAME}',
    token_key: 'MINE',
  })
  expect(
    redaction.value({
      'told-by-the-file': ['named-as-a-key', { deep: 'Bearer written-as-it-is' }, 1, null],
      host: 'machine-of-ada application/json',
    }),
  ).toEqual({
    '[WEATHER]': ['[MINE]', { deep: '[hidden]' }, 1, null],
    host: 'machine-of-ada application/json',
  })
})

test('a secret with characters of patterns and of JSON is found as it is and as JSON has it', () => {
  const secret = 'a.*+?^${}()|[]\\"/-b'
  const redaction = createRedaction({ environment: { ODD_SECRET: secret } })
  expect(redaction.text(`<${secret}> <${JSON.stringify(secret)}>`)).toBe(
    '<[ODD_SECRET]> <"[ODD_SECRET]">',
  )
  expect(redaction.text('aXX"/-b')).toBe('aXX"/-b')
})
