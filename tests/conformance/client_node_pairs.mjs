// The official OpenAI client for Node, played by a plan (pair_case.py): what it makes of chat and Responses whichever API
// is behind them. client_node.mjs plays the rest.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(pathToFileURL(process.argv[3] + '/'));
const OpenAI = require('openai').default ?? require('openai');

const parameters = { type: 'object', properties: {} };
const TOOLS = ['get_weather', 'get_time'].map((name) => ({ type: 'function', function: { name, parameters } }));
const FLAT = TOOLS.map((tool) => ({ type: 'function', strict: false, ...tool.function }));
const SCHEMA = { name: 'label', strict: true, schema: { type: 'object', properties: { label: { type: 'string' },
  confidence: { type: 'number' } }, required: ['label', 'confidence'], additionalProperties: false } };

function told(completion) {
  const [{ message, finish_reason: finish }] = completion.choices;
  return { text: message.content ?? '', finish, calls: (message.tool_calls ?? []).map(
    (call) => [call.function.name, JSON.parse(call.function.arguments)]),
    usage: [completion.usage.prompt_tokens, completion.usage.completion_tokens] };
}

function toldOfResponse(response) {
  const calls = response.output.filter((item) => item.type === 'function_call');
  const texts = response.output.flatMap((item) => (item.content ?? []).map((part) => part.text));
  return { text: texts.join(''), finish: response.status, calls: calls.map((c) => [c.name, JSON.parse(c.arguments)]),
    usage: [response.usage.input_tokens, response.usage.output_tokens] };
}

async function failure(make) {
  try {
    return { got: { 'no error': await make() } };
  } catch (e) {
    const said = { class: e.constructor.name, status: e.status };
    return { got: { ...said, type: e.type, code: e.code, message: e.error?.message ?? e.message }, told: said };
  }
}

async function chat(client, model, say) {
  const ask = (said, more) => ({ model, messages: [{ role: 'user', content: said }], ...more });
  const body = async (said, more) => {
    const got = await client.chat.completions.create(ask(said, more));
    return { got, told: told(got) };
  };
  const streamed = async (said, more) => {
    const runner = client.chat.completions.stream(ask(said, { stream_options: { include_usage: true }, ...more }));
    const seen = new Set();
    for (const kind of ['content', 'content.done', 'refusal.delta', 'tool_calls.function.arguments.done']) {
      runner.on(kind, () => seen.add(kind));
    }
    const got = await runner.finalChatCompletion();
    return { got, told: { ...told(got), seen: [...seen].sort() } };
  };
  say('body', await body('chat'));
  say('stream', await streamed('chat'));
  say('tool', await body('tool', { tools: TOOLS, tool_choice: { type: 'function', function: { name: 'get_weather' } } }));
  say('tools', await body('tools', { tools: TOOLS, parallel_tool_calls: true }));
  say('tools streamed', await streamed('tools', { tools: TOOLS }));
  const response_format = { type: 'json_schema', json_schema: SCHEMA };
  const parsed = (await client.chat.completions.parse(ask('schema', { response_format }))).choices[0].message.parsed;
  say('schema', { got: parsed, told: parsed });
  say('schema streamed', await streamed('schema', { response_format }));
  say('length', await body('length', { max_completion_tokens: 5 }));
  say('image', await body([{ type: 'text', text: 'chat' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }]));
  const first = (await client.chat.completions.create(ask('tools', { tools: TOOLS }))).choices[0].message;
  const results = first.tool_calls.map((call) => ({ role: 'tool', tool_call_id: call.id, content: '17' }));
  const messages = [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'tools' }, first, ...results,
    { role: 'user', content: 'chat' }];
  say('conversation', await body('', { messages, tools: TOOLS }));
  for (const status of [400, 404, 429, 500]) say(`error ${status}`, await failure(() => body(`status ${status}`)));
  say('error streamed', await failure(() => streamed('status 429')));
}

async function responses(client, model, say) {
  const body = async (input, more) => {
    const got = await client.responses.create({ model, input, ...more });
    return { got, told: toldOfResponse(got) };
  };
  const streamed = async (input, more) => {
    const got = await client.responses.stream({ model, input, ...more }).finalResponse();
    return { got, told: toldOfResponse(got) };
  };
  say('body', await body('chat', { instructions: 'Be brief.' }));
  say('stream', await streamed('chat'));
  say('tools', await body('tools', { tools: FLAT }));
  say('tools streamed', await streamed('tools', { tools: FLAT }));
  const text = { format: { type: 'json_schema', ...SCHEMA } };
  const parsed = (await client.responses.parse({ model, input: 'schema', text })).output_parsed;
  say('schema', { got: parsed, told: parsed });
  for (const status of [400, 404, 429, 500]) say(`error ${status}`, await failure(() => body(`status ${status}`)));
}

for (const plan of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  const client = new OpenAI({ baseURL: plan.openai, apiKey: 'sk-conformance-0001', maxRetries: 0, timeout: 20000 });
  const say = (api) => (name, result) => console.log(JSON.stringify({ run: plan.run, case: `${api}: ${name}`, ...result }));
  await chat(client, plan.chat, say('chat'));
  await responses(client, plan.responses, say('responses'));
  if (!plan.all) continue;
  const left = await client.chat.completions.create(
    { model: plan.chat, stream: true, messages: [{ role: 'user', content: 'endless' }] }).withResponse();
  for await (const chunk of left.data) if (chunk.choices[0]?.delta?.content) break;
  say('chat')('cancelled', { got: { id: left.response.headers.get('x-weir-request-id') } });
}
