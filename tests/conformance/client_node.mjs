// Plays every scenario with the official Node client against one base URL and prints what the client made of each.
// Run by test_sdk_node.py, once against the provider and once against the gateway: both must print the same.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(pathToFileURL(process.argv[3] + '/'));
const OpenAI = require('openai').default ?? require('openai');
const client = new OpenAI({ baseURL: process.argv[2], apiKey: 'sk-conformance-0001', maxRetries: 0, timeout: 20000 });

const TOOLS = ['get_weather', 'get_time'].map((name) => (
  { type: 'function', function: { name, parameters: { type: 'object', properties: {} } } }));
const SCHEMA = { type: 'json_schema', json_schema: { name: 'label', strict: true, schema: { type: 'object',
  properties: { label: { type: 'string' }, confidence: { type: 'number' } }, required: ['label', 'confidence'],
  additionalProperties: false } } };

const ask = (scenario, more = {}) => ({ model: 'gpt-4o', messages: [{ role: 'user', content: scenario }], ...more });
const body = (scenario, more) => client.chat.completions.create(ask(scenario, more));
async function stream(scenario, more) {
  const chunks = [];
  for await (const chunk of await client.chat.completions.create(ask(scenario, { stream: true, ...more }))) chunks.push(chunk);
  return chunks;
}
async function accumulated(scenario, more) {
  const runner = client.chat.completions.stream(ask(scenario, more));
  return runner.finalChatCompletion();
}
async function failure(make, ...args) {
  try {
    return { 'no error': await make(...args) };
  } catch (e) {
    return { class: e.constructor.name, status: e.status, type: e.type, code: e.code, message: e.error?.message ?? e.message,
      requestId: e.requestID ?? e.request_id };
  }
}
// What is no question to a chat model.
async function others() {
  const speech = await client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'Hello' });
  const unreachable = new OpenAI({ baseURL: 'http://127.0.0.1:9', apiKey: 'k', maxRetries: 0 });
  return {
    moderation: await client.moderations.create({ model: 'omni-moderation-latest', input: 'caf\u00e9' }),
    image: await client.images.generate({ model: 'gpt-image-1', prompt: 'A weir', size: '1024x1024' }),
    speech: [(await speech.arrayBuffer()).byteLength, speech.headers.get('content-type')],
    model: (await client.models.retrieve('gpt-4o')).id,
    'no such model': (await failure(() => client.models.retrieve('no-such-model'))).class,
    unreachable: (await failure(() => unreachable.models.list())).class,
  };
}
async function responses() {
  const ask = (said, more = {}) => client.responses.create({ model: 'gpt-4o', input: said, ...more });
  const events = async (said, more) => {
    const seen = [];
    for await (const event of await ask(said, { stream: true, ...more })) seen.push(event);
    return seen;
  };
  const tools = TOOLS.map((tool) => ({ type: 'function', strict: false, ...tool.function }));
  const picture = { type: 'input_image', image_url: 'data:image/png;base64,AA==', detail: 'auto' };
  const schema = { format: { type: 'json_schema', ...SCHEMA.json_schema } };
  return {
    body: await ask('chat'), stream: await events('chat'), tools: await ask('tools', { tools }),
    'tools streamed': await events('tools', { tools }), schema: await ask('schema', { text: schema }),
    accumulated: (await client.responses.stream({ model: 'gpt-4o', input: 'tools', tools }).finalResponse()).output,
    image: await ask([{ role: 'user', content: [{ type: 'input_text', text: 'chat' }, picture] }]),
    'kept by the provider': await ask('chat', { previous_response_id: 'resp_1', store: true }),
    errors: await each([400, 404, 429, 500], ask),
  };
}
async function cancelled() {
  const begun = Date.now();
  const controller = new AbortController();
  const answer = await client.chat.completions.create(ask('endless', { stream: true }), { signal: controller.signal })
    .withResponse();
  try {
    for await (const chunk of answer.data) if (chunk.choices[0]?.delta?.content) controller.abort();
  } catch { /* aborted */ }
  return { quick: Date.now() - begun < 10000, id: answer.response.headers.get('x-weir-request-id') };
}
async function each(statuses, make) {
  const found = {};
  for (const status of statuses) found[status] = await failure(make, `status ${status}`);
  return found;
}

const raw = await client.chat.completions.create(ask('chat')).withResponse();
const results = {
  'body': await body('chat'), 'request id': raw.request_id, 'n': await body('chat', { n: 3 }),
  'stream': await stream('chat'), 'stream with usage': await stream('chat', { stream_options: { include_usage: true } }),
  'tool': await body('tool', { tools: TOOLS }), 'tools': await body('tools', { tools: TOOLS }),
  'tools streamed': await stream('tools', { tools: TOOLS }), 'tools accumulated': await accumulated('tools', { tools: TOOLS }),
  'chat accumulated': await accumulated('chat'), 'schema': await body('schema', { response_format: SCHEMA }),
  'schema streamed': await stream('schema', { response_format: SCHEMA }),
  'logprobs': await body('logprobs', { logprobs: true, top_logprobs: 2 }),
  'logprobs streamed': await stream('logprobs', { logprobs: true, top_logprobs: 2 }),
  'refusal': await body('refusal'), 'refusal streamed': await stream('refusal'), 'length': await body('length'),
  'echo': await body('echo', { temperature: 0.7, x_custom: { a: [1, 2.5] }, user: 'u', seed: 7, stop: ['\n'] }),
  'parts': await body([{ type: 'text', text: 'chat' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }]),
  'embeddings': await client.embeddings.create({ model: 'text-embedding-3-small', input: ['two', 'one', 'two'] }),
  'embeddings of tokens': await client.embeddings.create({ model: 'text-embedding-3-small', input: [[1, 2], [3]],
    dimensions: 3, encoding_format: 'float' }),
  'others': await others(), 'responses': await responses(),
  'errors': await each([400, 404, 409, 422, 429, 500, 503], body), 'errors streamed': await each([400, 429, 500], stream),
  'broken off': await failure(stream, 'cut'), 'cancelled': await cancelled(),
  'flaky': await client.chat.completions.create(ask('flaky node'), { maxRetries: 3 }),
  'concurrently': (await Promise.all([...Array(30).keys()].map((i) => body(`chat ${i}`)))).map((a) => a.choices[0].message.content),
  'models': (await client.models.list()).data.some((model) => model.id === 'gpt-4o'),
};
console.log(JSON.stringify(results));
