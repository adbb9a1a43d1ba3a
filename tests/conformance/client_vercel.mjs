// The Vercel AI SDK with its providers of OpenAI (chat and Responses), of OpenAI-compatible servers and of Anthropic,
// played by a plan (pair_case.py).
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(pathToFileURL(process.argv[3] + '/'));
const { embedMany, generateText, streamText, Output, tool, APICallError, jsonSchema } = require('ai');
const { createOpenAI } = require('@ai-sdk/openai');
const { createAnthropic } = require('@ai-sdk/anthropic');
const { createOpenAICompatible } = require('@ai-sdk/openai-compatible');

globalThis.AI_SDK_LOG_WARNINGS = false;
const empty = () => jsonSchema({ type: 'object', properties: {} });
const TOOLS = { get_weather: tool({ inputSchema: empty() }), get_time: tool({ inputSchema: empty() }) };
const SCHEMA = jsonSchema({ type: 'object', properties: { label: { type: 'string' }, confidence: { type: 'number' } },
  required: ['label', 'confidence'], additionalProperties: false });
const SAFE = { maxRetries: 0 };

const told = ({ text, toolCalls, finishReason, usage }) => ({ text, calls: toolCalls.map((c) => [c.toolName, c.input]),
  finish: finishReason, usage: [usage.inputTokens, usage.outputTokens] });

// Without what is drawn or measured anew each time, and without headers but the provider's id.
function plain({ id, modelId, headers }) {
  return { id: /^aitxt-/.test(id) ? undefined : id, modelId,
    request: headers?.['x-request-id'] ?? headers?.['request-id'] };
}

async function body(model, prompt, more = {}) {
  const got = await generateText({ model, prompt, ...SAFE, ...more });
  const { content, reasoningText, rawFinishReason, providerMetadata, response, usage, warnings } = got;
  return { got: { content, reasoningText, rawFinishReason, providerMetadata, response: plain(response), usage, warnings },
    told: told(got) };
}

async function streamed(model, prompt, more = {}) {
  const parts = [];
  let error;
  const result = streamText({ model, prompt, ...SAFE, ...more, onError: (e) => { error = e.error; } });
  for await (const part of result.fullStream) {
    if (part.type === 'error') throw part.error;
    const { type, id, text, delta, toolName, input, finishReason, rawFinishReason } = part;
    parts.push({ type, id, text, delta, toolName, input, finishReason, rawFinishReason });
  }
  if (error) throw error;
  const [text, toolCalls, finishReason, usage, response] = await Promise.all(
    [result.text, result.toolCalls, result.finishReason, result.usage, result.response]);
  const kinds = [...new Set(parts.map((part) => part.type))];  // no text begins where none comes
  return { got: { parts, usage, response: plain(response) }, told: { kinds, ...told({ text, toolCalls, finishReason, usage }) } };
}

async function schema(model) {
  const { output } = await generateText({ model, prompt: 'schema', output: Output.object({ schema: SCHEMA }), ...SAFE });
  return { got: output, told: output };
}

async function failure(make) {
  try {
    return { got: { 'no error': await make() } };
  } catch (e) {
    const said = { class: e.name ?? typeof e, status: e.statusCode, retryable: e.isRetryable };
    const got = { ...said, message: e.message ?? e, data: e.data, retryAfter: e.responseHeaders?.['retry-after'] };
    return { got, told: APICallError.isInstance(e) ? said : undefined };
  }
}

async function conversation(model) {
  const asked = [{ role: 'user', content: 'tools' }];
  const first = await generateText({ model, messages: asked, tools: TOOLS, ...SAFE });
  const results = first.toolCalls.map(({ toolCallId, toolName }) => (
    { type: 'tool-result', toolCallId, toolName, output: { type: 'text', value: 'it is 17' } }));
  const messages = [...asked, ...first.response.messages, { role: 'tool', content: results }, { role: 'user', content: 'chat' }];
  return body(model, undefined, { messages, tools: TOOLS, system: 'Be brief.' });
}

async function left(model) {
  const controller = new AbortController();
  const result = streamText({ model, prompt: 'endless', abortSignal: controller.signal, ...SAFE, onError: () => {} });
  for await (const part of result.fullStream) if (part.type === 'text-delta') controller.abort();
  return { got: {} };
}

async function play(name, model, all, say) {
  say('body', await body(model, 'chat'));
  say('stream', await streamed(model, 'chat'));
  say('tool', await body(model, 'tool', { tools: TOOLS, toolChoice: { type: 'tool', toolName: 'get_weather' } }));
  say('tools', await body(model, 'tools', { tools: TOOLS }));
  say('tools streamed', await streamed(model, 'tools', { tools: TOOLS }));
  say('schema', await schema(model));
  const partial = await streamText({ model, prompt: 'schema', output: Output.object({ schema: SCHEMA }), ...SAFE }).output;
  say('schema streamed', { got: partial, told: partial });
  if (name !== 'responses') say('length', await body(model, 'length'));
  const image = [{ type: 'text', text: 'chat' }, { type: 'image', image: 'data:image/png;base64,iVBORw0KGgo=' }];
  say('image', await body(model, undefined, { messages: [{ role: 'user', content: image }] }));
  say('conversation', await conversation(model));
  for (const status of [400, 404, 429, 500]) say(`error ${status}`, await failure(() => body(model, `status ${status}`)));
  say('error streamed', await failure(() => streamed(model, 'status 429')));
  if (!all) return;
  if (name !== 'responses') say('left, cancelled', await left(model));
  if (name !== 'responses') say('refusal', await body(model, 'refusal'));
  if (name !== 'responses') say('broken off', await failure(() => streamed(model, 'cut')));
}

for (const plan of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  const apiKey = 'sk-conformance-0001';
  const openai = createOpenAI({ baseURL: plan.openai, apiKey });
  const anthropic = createAnthropic({ baseURL: plan.anthropic + '/v1', apiKey });
  const compatible = createOpenAICompatible({ name: 'weir', baseURL: plan.openai, apiKey, includeUsage: true,
    supportsStructuredOutputs: true });
  const say = (name) => (c, result) => console.log(JSON.stringify({ run: plan.run, case: `${name}: ${c}`, ...result }));
  await play('chat', openai.chat(plan.chat), plan.all, say('chat'));
  await play('compatible', compatible(plan.chat), plan.all, say('compatible'));
  await play('messages', anthropic(plan.messages), plan.all, say('messages'));
  await play('responses', openai.responses(plan.responses), plan.all, say('responses'));
  if (!plan.all) continue;
  const values = ['one', 'two', 'one'];
  const { embeddings, usage } = await embedMany({ model: openai.embedding('text-embedding-3-small'), values });
  say('embeddings')('openai', { got: { embeddings, usage } });
  say('compatible')('thinking', await streamed(compatible(plan.chat), 'thinking'));
  say('messages')('thinking', await streamed(anthropic(plan.messages), 'thinking',
    { providerOptions: { anthropic: { thinking: { type: 'enabled', budgetTokens: 1024 } } } }));
}
