// Anthropic's official client for TypeScript, played by a plan (pair_case.py).
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(pathToFileURL(process.argv[3] + '/'));
const Anthropic = require('@anthropic-ai/sdk').default ?? require('@anthropic-ai/sdk');

const TOOLS = ['get_weather', 'get_time'].map((name) => ({ name, input_schema: { type: 'object', properties: {} } }));
const SCHEMA = { type: 'object', properties: { label: { type: 'string' }, confidence: { type: 'number' } },
  required: ['label', 'confidence'], additionalProperties: false };
const PICTURE = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } };

function told(message) {
  const of = (type) => message.content.filter((block) => block.type === type);
  const usage = message.usage;
  return { text: of('text').map((block) => block.text).join(''), calls: of('tool_use').map((b) => [b.name, b.input]),
    finish: message.stop_reason,
    usage: [usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
      usage.output_tokens] };
}

async function failure(make) {
  try {
    return { got: { 'no error': await make() } };
  } catch (e) {
    const error = e.error?.error ?? {};
    const got = { class: e.constructor.name, status: e.status, type: error.type, message: error.message ?? e.message };
    return { got: { ...got, requestId: e.requestID, retryAfter: e.headers?.get?.('retry-after') }, told: got };
  }
}

async function play(plan) {
  const client = new Anthropic({ baseURL: plan.anthropic, apiKey: 'sk-conformance-0001', maxRetries: 0, timeout: 20000 });
  const ask = (scenario, more = {}) => ({ model: plan.messages, max_tokens: 64,
    messages: [{ role: 'user', content: scenario }], ...more });
  const say = (name, result) => console.log(JSON.stringify({ run: plan.run, case: name, ...result }));
  const body = async (scenario, more) => {
    const got = await client.messages.create(ask(scenario, more));
    return { got, told: told(got) };
  };
  const events = async (scenario, more) => {
    const seen = [];
    for await (const event of await client.messages.create(ask(scenario, { stream: true, ...more }))) seen.push(event);
    return seen;
  };
  const streamed = async (scenario, more) => {
    const runner = client.messages.stream(ask(scenario, more));
    const names = [];
    runner.on('streamEvent', (event) => names.push(event.type));
    const got = await runner.finalMessage();
    return { got: { got, names }, told: told(got) };
  };

  say('body', await body('chat'));
  say('stream', await streamed('chat'));
  say('tool', await body('tool', { tools: TOOLS, tool_choice: { type: 'tool', name: 'get_weather' } }));
  say('tools', await body('tools', { tools: TOOLS }));
  say('tools streamed', await streamed('tools', { tools: TOOLS }));
  const output_config = { format: { type: 'json_schema', schema: SCHEMA } };
  say('schema', await body('schema', { output_config }));
  say('schema streamed', await streamed('schema', { output_config }));
  say('image', await body([{ type: 'text', text: 'chat' }, PICTURE]));
  say('length', await body('length'));
  say('system', await body('chat', { system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }] }));
  const first = await client.messages.create(ask('tools', { tools: TOOLS }));
  const results = first.content.map((b) => ({ type: 'tool_result', tool_use_id: b.id, content: '17', is_error: b.name === 'get_time' }));
  say('conversation', await body('', { tools: TOOLS, messages: [{ role: 'user', content: 'tools' },
    { role: 'assistant', content: first.content }, { role: 'user', content: [...results, { type: 'text', text: 'chat' }] }] }));
  for (const status of [400, 404, 429, 500]) say(`error ${status}`, await failure(() => client.messages.create(ask(`status ${status}`))));
  say('error streamed', await failure(() => events('status 429')));
  if (!plan.all) return;

  say('events', { got: await events('chat') });
  say('events of tools', { got: await events('tools', { tools: TOOLS }) });
  say('thinking', await streamed('thinking', { max_tokens: 2048, thinking: { type: 'enabled', budget_tokens: 1024 } }));
  say('refusal', await body('refusal'));
  say('only theirs', await body('echo', { top_k: 5, temperature: 0.7, metadata: { user_id: 'u\u00e9' }, stop_sequences: ['\n'] }));
  say('beta', { got: await client.beta.messages.create({ ...ask('chat'), betas: ['context-1m-2025-08-07'] }) });
  const raw = await client.messages.create(ask('chat')).withResponse();
  say('request id', { got: [raw.request_id, raw.response.headers.get('anthropic-ratelimit-requests-remaining')] });
  for (const status of [401, 403, 413, 529]) say(`error ${status}`, await failure(() => client.messages.create(ask(`status ${status}`))));
  say('broken off', await failure(() => streamed('cut')));
  say('flaky', { got: await client.messages.create(ask('flaky node'), { maxRetries: 3 }) });
  say('counted', { got: await client.messages.countTokens({ model: plan.messages, messages: [{ role: 'user', content: 'x' }] }) });
  const listed = [];
  for await (const model of client.models.list()) listed.push(model.id, model.type);
  say('models', { got: [listed.includes(plan.messages), listed.includes('model')] });
  say('model', { got: (await client.models.retrieve(plan.messages)).id });
  const { class: kind, status, type } = (await failure(() => client.models.retrieve('no-such-model'))).got;
  say('no such model', { got: { kind, status, type } });
  say('unreachable', await failure(() => new Anthropic({ baseURL: 'http://127.0.0.1:9', apiKey: 'k', maxRetries: 0 })
    .messages.create(ask('chat'))));
  const left = await client.messages.create(ask('endless', { stream: true })).withResponse();
  for await (const event of left.data) if (event.type === 'content_block_delta') break;
  say('cancelled', { got: { id: plan.run === 'direct' ? undefined : left.response.headers.get('x-weir-request-id') } });
}

for (const plan of JSON.parse(readFileSync(process.argv[2], 'utf8'))) await play(plan);
