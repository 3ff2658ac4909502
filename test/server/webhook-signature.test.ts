import { expect, test } from 'vitest'
import { readSigningKeys, signWebhook } from '../../src/webhook-signature.ts'

// The example of the Standard Webhooks libraries.
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const message = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  seconds: 1614265330,
  body: '{"test": 2432232314}',
}
const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='

test('the signature is the one of Standard Webhooks', () => {
  expect(signWebhook({ ...message, keys: readSigningKeys(secret) })).toEqual({
    'webhook-id': message.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': signature,
  })
})

test('while a secret is changed, both sign', () => {
  const keys = readSigningKeys(` ${'plain-text-'.repeat(3)}\n${secret} `)
  expect(keys[0]).toEqual(Buffer.from('plain-text-plain-text-plain-text-'))
  const parts = signWebhook({ ...message, keys })['webhook-signature']?.split(' ')
  expect(parts).toEqual([expect.stringMatching(/^v1,/), signature])
  expect(parts?.[0]).not.toBe(signature)
})

test.each(['', 'short', `${secret} short`, 'whsec_', 'whsec_c2hvcnQ=', 'whsec_not base64!'])(
  'the secret %j is refused without being shown',
  (text) => {
    expect(() => readSigningKeys(text)).toThrow(/at least 24 bytes|base64/)
    expect(() => readSigningKeys(text)).not.toThrow(/short|c2hv/)
  },
)
