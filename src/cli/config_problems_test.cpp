// What is wrong with a configuration, and how it is told.
#include <doctest/doctest.h>

#include "cli/config_testing.h"

using namespace weir;
using namespace weir::cli;
using namespace weir::cli::testing;

TEST_CASE("what is wrong is said with its line") {
    struct Case {
        std::string text;
        Lines errors;
    };
    const std::string wants_address = " is not an address such as 127.0.0.1:8080: ";
    const std::string one_document = "this does not belong to what stands before: a configuration is one YAML document";
    const std::vector<Case> cases{
        // The file as a whole.
        {"", {"1: the key \"providers\" is missing"}},
        {"# nothing\n", {"1: the key \"providers\" is missing"}},
        {"just words", {"1: the file is a single value, but a map (key: value) belongs here"}},
        {"- a\n- b\n", {"1: the file is a list, but a map (key: value) belongs here"}},
        {kProvider + "data: [a\n", {"3: not YAML: end of sequence flow not found"}},
        {kProvider + "data: a\n data: b\n", {"3: not YAML: illegal map value"}},
        {kProvider + "---\n" + kProvider, {"2: " + one_document}},
        {kProvider + "---\n", {"2: " + one_document}},
        {kProvider + "...\ndata: x\n", {"3: " + one_document}},
        {kProvider + ", data: x\n", {"2: not YAML: end of map not found"}},
        {", data: x\n", {"1: " + one_document}},
        {"] x\n", {"1: not YAML: illegal flow end"}},
        {kProvider + "data: \"a\x01\"\n", {"2: a control or private-use character"}},
        {kProvider + std::string("data: a\0b\n", 10), {"2: a control or private-use character"}},
        {kProvider + "data: \xEE\x81\xBB\n", {"2: a control or private-use character"}},
        {kProvider + "data: !!binary eA==\n", {"2: tags such as \"tag:yaml.org,2002:binary\" are not understood"}},
        // Keys.
        {kProvider + "lisen: 127.0.0.1:1\n",
         {"2: unknown key \"lisen\" (did you mean \"listen\"?); allowed: listen, admin, tls, data, prices, reactors, "
          "limits, ledger, cache, providers, models, embedding, cascades, inference, keys, tenants, require_key, "
          "budgets, admin_access, "
          "telemetry, access_log, alerts"}},
        {kProvider + "ledger:\n  ring_rows: 100\n  commit_intervall: 1s\n",
         {"4: unknown key \"commit_intervall\" in ledger (did you mean \"commit_interval\"?); allowed: when_full, "
          "ring_rows, commit_interval"}},
        {kProvider + "ledger: { xyz: 1 }\n",
         {"2: unknown key \"xyz\" in ledger; allowed: when_full, ring_rows, commit_interval"}},
        {kProvider + "<<: { data: x }\n",
         {"2: unknown key \"<<\"; allowed: listen, admin, tls, data, prices, reactors, limits, ledger, cache, "
          "providers, models, embedding, cascades, inference, keys, tenants, require_key, budgets, admin_access, "
          "telemetry, "
          "access_log, alerts"}},
        {kProvider + "data: a\nreactors: 1\ndata: b\n", {"4: duplicate key \"data\": it stands in line 2 already"}},
        {kProvider + "limits:\n  head: 1KiB\n  \"head\": 2KiB\n",
         {"4: duplicate key \"head\": it stands in line 3 already"}},
        {kProvider + "[a, b]: c\n", {"2: a key is a single word"}},
        {kProvider + "data:\n", {"2: data has no value; leave the line out for the default"}},
        {kProvider + "limits: ~\n", {"2: limits has no value; leave the line out for the default"}},
        // Types and units.
        {kProvider + "data: [a]\n", {"2: data is a list, but a single value belongs here"}},
        {kProvider + "data: \"\"\n", {"2: data: \"\" is empty"}},
        {kProvider + "limits: 5\n", {"2: limits is a single value, but a map (key: value) belongs here"}},
        {kProvider + "limits: [1]\n", {"2: limits is a list, but a map (key: value) belongs here"}},
        {kProvider + "reactors: two\n", {"2: reactors: \"two\" is not a whole number from 0 to 64"}},
        {kProvider + "reactors: -1\n", {"2: reactors: \"-1\" is not a whole number from 0 to 64"}},
        {kProvider + "reactors: 65\n", {"2: reactors: \"65\" is not a whole number from 0 to 64"}},
        {kProvider + "reactors: 1.5\n", {"2: reactors: \"1.5\" is not a whole number from 0 to 64"}},
        {kProvider + "limits:\n  body: 32MB\n",
         {"3: limits.body: \"32MB\" is not a size: a whole number with B, KiB, MiB, GiB or TiB, such as 32MiB"}},
        {kProvider + "limits:\n  body: 1.5GiB\n",
         {"3: limits.body: \"1.5GiB\" is not a size: a whole number with B, KiB, MiB, GiB or TiB, such as 32MiB"}},
        {kProvider + "limits:\n  body: 5s\n",
         {"3: limits.body: \"5s\" is not a size: a whole number with B, KiB, MiB, GiB or TiB, such as 32MiB"}},
        {kProvider + "limits: { body: 10 }\n", {"2: limits.body: \"10\" is out of range: 1KiB to 1GiB"}},
        {kProvider + "limits: { body: 99999999TiB }\n",
         {"2: limits.body: \"99999999TiB\" is not a size: a whole number with B, KiB, MiB, GiB or TiB, such as 32MiB"}},
        {kProvider + "limits: { connect: 5 }\n",
         {"2: limits.connect: \"5\" is not a duration: a whole number with us, ms, s, m, h or d, such as 10s"}},
        {kProvider + "limits: { connect: 5MiB }\n",
         {"2: limits.connect: \"5MiB\" is not a duration: a whole number with us, ms, s, m, h or d, such as 10s"}},
        {kProvider + "limits: { connect: 1h }\n", {"2: limits.connect: \"1h\" is out of range: 10ms to 5m"}},
        {kProvider + "limits: { drain: 2h }\n", {"2: limits.drain: \"2h\" is out of range: 0s to 1h"}},
        {kProvider + "ledger: { when_full: block }\n", {"2: ledger.when_full: \"block\" is none of wait, drop"}},
        {kProvider + "cache: { memory: 1MiB, max_entry: 2MiB }\n", {"2: cache.max_entry is larger than cache.memory"}},
        {kProvider + "cache: { semantic_memory: 1023KiB }\n",
         {"2: cache.semantic_memory: \"1023KiB\" is out of range: 1MiB to 1TiB"}},
        {kProvider + "cache: { disk: 65535 }\n", {"2: cache.disk is 0 (in memory only) or at least 64KiB"}},
        {kProvider + "cache: { disk: 1 }\n", {"2: cache.disk is 0 (in memory only) or at least 64KiB"}},
        // Addresses.
        {kProvider + "listen: 8080\n", {"2: listen: \"8080\"" + wants_address + "the port is missing"}},
        {kProvider + "listen: localhost\n", {"2: listen: \"localhost\"" + wants_address + "the port is missing"}},
        {kProvider + "listen: :8080\n", {"2: listen: \":8080\"" + wants_address + "the host is missing or malformed"}},
        {kProvider + "listen: 127.0.0.1:65536\n",
         {"2: listen: \"127.0.0.1:65536\"" + wants_address + "the port is not a number from 0 to 65535"}},
        {kProvider + "listen: ::1:80\n",
         {"2: listen: \"::1:80\"" + wants_address + "an IPv6 address stands in brackets: [::1]:8080"}},
        {kProvider + "listen: \"[::x]:80\"\n",
         {"2: listen: \"[::x]:80\"" + wants_address + "there is no IPv6 address in the brackets"}},
        {kProvider + "listen: 0.0.0.0:80\n",
         {"2: listen: without keys: only a loopback address such as 127.0.0.1 is allowed, or everybody who reaches it "
          "spends your money; require_key: true asks for keys that are made with weir keys"}},
        {kProvider + "admin: 10.0.0.1:80\n",
         {"2: admin: without admin_access: only a loopback address such as 127.0.0.1 is allowed, or everybody who "
          "reaches it sees and changes everything"}},
        {kProvider + "listen: localhost:80\nadmin: localhost:80\n", {"3: admin and listen are the same address"}},
        // TLS, files.
        {kProvider + "tls:\n  certificate: a.pem\n", {"2: tls: the key \"key\" is missing"}},
        {kProvider + "tls: { key: a.pem }\n", {"2: tls: the key \"certificate\" is missing"}},
        {kProvider + "tls:\n  certificate: a.pem\n  key: absent.pem\n",
         {"4: tls.key: no readable file there (relative paths begin at the current folder)"}},
        {kProvider + "prices: broken.json\n", {"2: prices: broken.json:7: no JSON"}},
        {kProvider + "prices: absent.json\n",
         {"2: prices: no readable file there (relative paths begin at the current folder)"}},
        // Providers.
        {"providers: {}\n",
         {"1: providers is a map with at least one NAME: { api: openai, base_url: ... } or NAME: { api: llama-server, "
          "model_file: ... }"}},
        {"providers:\n  Open: {}\n",
         {"2: a provider's name has 1 to 64 of the characters a-z 0-9 - _ . , unlike \"Open\""}},
        {"providers:\n  p: {}\n", {"2: providers.p: the key \"api\" is missing"}},
        {"providers:\n  p: { api: opneai }\n",
         {"2: providers.p.api: \"opneai\" is none of openai, anthropic, gemini, llama-server (did you mean openai?)"}},
        {"providers:\n  p:\n    api: openai\n", {"2: providers.p: the key \"base_url\" is missing"}},
        {"providers:\n  p:\n    api: openai\n    base_url: api.openai.com/v1\n",
         {"4: providers.p.base_url is not a base URL such as https://api.openai.com/v1: it begins with http:// or "
          "https://"}},
        {"providers: { p: { api: openai, base_url: \"https://user:pass@host/v1\" } }\n",
         {"1: providers.p.base_url is not a base URL such as https://api.openai.com/v1: it holds no user or password: "
          "the provider's key goes into `key:`"}},
        {"providers: { p: { api: openai, base_url: \"https://host/v1?x=1\" } }\n",
         {"1: providers.p.base_url is not a base URL such as https://api.openai.com/v1: it has neither query nor "
          "fragment"}},
        {"providers: { p: { api: openai, base_url: \"https:///v1\" } }\n",
         {"1: providers.p.base_url is not a base URL such as https://api.openai.com/v1: the host is missing or "
          "malformed"}},
        {"providers: { p: { api: openai, base_url: \"https://host:0/v1\" } }\n",
         {"1: providers.p.base_url is not a base URL such as https://api.openai.com/v1: the port is not a number from "
          "1 "
          "to 65535"}},
        {"providers:\n  p:\n    api: openai\n    base_url: http://h/v1\n    model_file: x.gguf\n",
         {"5: providers.p.model_file is for api: llama-server only"}},
        {"providers:\n  p: { api: llama-server }\n", {"2: providers.p: the key \"model_file\" is missing"}},
        {"providers:\n  p:\n    api: llama-server\n    model_file: absent.gguf\n",
         {"4: providers.p.model_file: no readable file there (relative paths begin at the current folder)"}},
        {"providers:\n  p:\n    api: llama-server\n    model_file: x.gguf\n    key: ${KEY}\n",
         {"5: providers.p.key is for providers at an address; Weir talks to the child that it starts by itself"}},
        {"providers: { p: { api: llama-server, model_file: x.gguf, memory: 1MiB, cache_ram: 1KiB } }\n",
         {"1: providers.p.memory: less than 64MiB holds no model; 0 is no limit",
          "1: providers.p.cache_ram is not a whole number of MiB"}},
        {"providers:\n  p:\n    api: llama-server\n    model_file: x.gguf\n    adapter_file: misfit.gguf\n",
         {"5: providers.p.adapter_file: misfit.gguf does not fit x.gguf"}},
        {"providers:\n  p:\n    api: llama-server\n    model_file: x.gguf\n    adapter_file: absent-misfit.gguf\n",
         {"5: providers.p.adapter_file: no readable file there (relative paths begin at the current folder)"}},
        {"providers: { p: { api: llama-server, model_file: x.gguf, adapter_file: a.gguf, embedding: true } }\n",
         {"1: providers.p.adapter_file: \"a.gguf\" is for a model that answers, not for one that embeds"}},
        {"providers: { p: { api: openai, base_url: \"http://h/v1\", adapter_file: a.gguf } }\n",
         {"1: providers.p.adapter_file is for api: llama-server only"}},
        {kProvider + "  q: {}\n", {"2: not YAML: end of map not found"}},
        // Models and prices.
        {kProvider + "models: { gpt-4o: {} }\n",
         {"2: a model is named provider/model, such as openai/gpt-4o-mini, unlike \"gpt-4o\""}},
        {kProvider + "models: { p/: {} }\n",
         {"2: a model is named provider/model, such as openai/gpt-4o-mini, unlike \"p/\""}},
        {kProvider + "models: { pp/gpt-4o: {} }\n",
         {"2: pp/gpt-4o: there is no provider \"pp\" (did you mean p?); there are: p"}},
        {kProvider + "models:\n  p/x:\n    price:\n      input: 1\n",
         {"4: models.p/x.price: the key \"output\" is missing"}},
        {kProvider +
             "models:\n  p/x:\n    price: { input: 1.0000001, output: free, cached_input: -1, cache_write: 1e9 }\n",
         {"4: models.p/x.price.input: \"1.0000001\" is not a price in USD per million tokens: more than 6 digits after "
          "the point",
          "4: models.p/x.price.output: \"free\" is not a price in USD per million tokens: not a decimal number",
          "4: models.p/x.price.cached_input: a price is 0 to 1000000 USD per million tokens",
          "4: models.p/x.price.cache_write: a price is 0 to 1000000 USD per million tokens"}},
        {kProvider + "models:\n  p/x:\n    price: { input: 1, output: 1, web_search: 1001, above: { input: 1 } }\n",
         {"4: models.p/x.price.above: the key \"tokens\" is missing",
          "4: models.p/x.price.above: the key \"output\" is missing",
          "4: models.p/x.price.web_search: a price is 0 to 1000 USD per thousand"}},
        {kProvider + "models:\n  p/x:\n    price: { input: 1, output: 1, web_search: free }\n",
         {"4: models.p/x.price.web_search: \"free\" is not a price in USD per thousand: not a decimal number"}},
        {kProvider + "models:\n  p/x:\n    price: 0.5\n",
         {"4: models.p/x.price is a single value, but a map (key: value) belongs here"}},
        // Cascades.
        {kProvider + "cascades:\n  Big: {}\n",
         {"3: a cascade's name has 1 to 64 of the characters a-z 0-9 - _ . , unlike \"Big\""}},
        {kProvider + "cascades:\n  c: { mode: serve }\n", {"3: cascades.c: the key \"match\" is missing"}},
        {kProvider + "cascades:\n  c: { match: gpt-4o }\n",
         {"3: cascades.c.match is a single value, but a map (key: value) belongs here"}},
        {kProvider + "cascades:\n  c: { match: { model: [] } }\n",
         {"3: cascades.c.match.model is empty: no request would match"}},
        {with_cascade("audits: { cap_usd_per_day: -1 }"),
         {"2: cascades.c.audits.cap_usd_per_day: \"-1\" is out of range: 0 to 1000000 USD"}},
        {with_cascade("audits: { cap_usd_per_day: 0.0000000001 }"),
         {"2: cascades.c.audits.cap_usd_per_day: \"0.0000000001\" is not an amount in USD, such as 5 or 0.25: "
          "more than 9 digits after the point"}},
        {with_cascade("audits: { cap_share: 120% }"),
         {"2: cascades.c.audits.cap_share: \"120%\" is not a share from 0% to 100%: write 2% or 0.02"}},
        {with_cascade("store: all"), {"2: cascades.c.store: \"all\" is none of none, hashes, content"}},
        {with_cascade("store: [content]"),
         {"2: cascades.c.store is none, hashes, content, or a map such as { what: content, keep: 30d }"}},
        {with_cascade("store: { keep: 30d }"), {"2: cascades.c.store: the key \"what\" is missing"}},
        {with_cascade("store: { what: content, keep: 1s, most: 0, keen: 1 }"),
         {"2: cascades.c.store.keep: \"1s\" is out of range: 1h to 3650d",
          "2: cascades.c.store.most: \"0\" is not a whole number from 1 to 10000000",
          "2: unknown key \"keen\" in cascades.c.store (did you mean \"keep\"?); allowed: what, keep, most, redact"}},
        {with_cascade("store: { what: hashes, redact: [emial] }"),
         {"2: cascades.c.store.redact: \"emial\" is none of email, phone, card, iban (did you mean email?), nor a "
          "pattern between slashes such as \"/ACME-[0-9]+/\""}},
        {with_cascade("store: { what: hashes, redact: [\"/a**/\"] }"),
         {"2: cascades.c.store.redact: \"/a**/\": nothing to repeat at byte 4"}},
        {with_cascade("canary: 0%"), {"2: cascades.c.canary: \"0%\" is not a share from 1% to 100%: write 2% or 0.02"}},
        {with_cascade("tasks: { a: { mod: serve } }"),
         {"2: cascades.c.tasks.a: the key \"mode\" is missing",
          "2: unknown key \"mod\" in cascades.c.tasks.a (did you mean \"mode\"?); allowed: mode"}},
        {with_cascade("tasks: [a]"), {"2: cascades.c.tasks is a map of at most 1,000 NAME: { mode: shadow }"}},
        {with_cascade("mode: on"), {"2: cascades.c.mode: \"on\" is none of off, observe, shadow, serve"}},
        {with_cascade("mode: sreve"),
         {"2: cascades.c.mode: \"sreve\" is none of off, observe, shadow, serve (did you mean serve?)"}},
        {kProvider + "cascades:\n  c:\n    match: { model: x }\n    reference_provider: q\n",
         {"5: cascades.c.reference_provider: there is no provider \"q\""}},
        {with_cascade("tiers: exact"), {"2: cascades.c.tiers is a list such as [exact, openai/gpt-4o-mini]"}},
        {kProvider +
             "cascades:\n  c:\n    match: { model: x }\n    tiers:\n      - exakt\n      - exact\n      - exact\n",
         {"6: cascades.c.tiers: unknown tier \"exakt\" (did you mean exact?); allowed: exact, semantic, student, "
          "provider/model, or "
          "{ model: provider/model, min_mean_logprob: -0.05 }",
          "8: cascades.c.tiers: the same tier stands there twice"}},
        {with_cascade("tiers: [reference]"), {"2: cascades.c.tiers: the reference comes last by itself; leave it out"}},
        {with_cascade("tiers: [q/small]"), {"2: q/small: there is no provider \"q\"; there are: p"}},
        {with_cascade("tiers: [{ model: small }]"), {"2: cascades.c.tiers.model is not named provider/model"}},
        {with_cascade("tiers: [{ min_mean_logprob: -1 }]"), {"2: cascades.c.tiers: the key \"model\" is missing"}},
        {with_cascade("tiers: [{ model: p/x, min_mean_logprob: 0.5 }]"),
         {"2: cascades.c.tiers.min_mean_logprob: \"0.5\" is not a number from -100 to 0"}},
        {with_cascade("tiers: [{ model: p/x, samples: 1 }]"),
         {"2: cascades.c.tiers.samples: \"1\" is not a whole number from 2 to 8"}},
        {with_cascade("tiers: [{ model: p/x, samples: 9 }]"),
         {"2: cascades.c.tiers.samples: \"9\" is not a whole number from 2 to 8"}},
        {with_cascade("tiers: [{ model: p/x, samples: 3, min_mean_logprob: -1 }]"),
         {"2: cascades.c.tiers.samples: \"3\" goes with no min_mean_logprob: one of them judges the tier"}},
        {with_cascade("tiers: [{ model: p/x, samples: 3, verify: true }]"),
         {"2: cascades.c.tiers.verify: \"true\" goes with no min_mean_logprob and no samples: one of them judges the "
          "tier"}},
        {with_cascade("tiers: [{ model: p/x, examples: 33 }]"),
         {"2: cascades.c.tiers.examples: \"33\" is not a whole number from 1 to 32"}},
        {with_cascade("tiers: [{ model: p/x, examples: 3, most_tokens: 31 }]"),
         {"2: cascades.c.tiers.most_tokens: \"31\" is not a whole number from 32 to 100000"}},
        {with_cascade("tiers: [{ model: p/x, least_similarity: 0.5 }]"),
         {"2: cascades.c.tiers.least_similarity: \"0.5\" is of examples: say how many"}},
        {with_cascade("tiers: [{ model: p/x, examples: 3, min_mean_logprob: -1 }]"),
         {"2: cascades.c.tiers.examples: \"3\" goes with no min_mean_logprob: its gate is learned"}},
        {with_cascade("tiers: [{ model: p/x, examples: 3 }, { model: p/x, examples: 4, samples: 2 }]"),
         {"2: cascades.c.tiers: the same tier stands there twice"}},
        {with_cascade("tiers: [{ model: p/x, min_mean_logprob: nan }]"),
         {"2: cascades.c.tiers.min_mean_logprob: \"nan\" is not a number from -100 to 0"}},
        {with_cascade("tiers: [[exact]]"), {"2: cascades.c.tiers is a list, but a map (key: value) belongs here"}},
        {with_cascade("promise: { confidence: 95% }"),
         {"2: cascades.c.promise is either by disagreement or by harm: give one"}},
        {with_cascade("promise: { disagreement: 1%, harm: 1% }"),
         {"2: cascades.c.promise is either by disagreement or by harm: give one"}},
        {with_cascade("tiers: [p/gpt-4o-mini], promise: { harm: 2% }"),
         {"2: cascades.c.promise: harm takes somebody who tells which answer is worse: name a model in agreement: { "
          "judge: "
          "provider/model }, or a webhook or gold file"}},
        {with_cascade("tiers: [p/a, p/b, p/c, p/d, p/e], promise: { disagreement: 2% }"),
         {"2: cascades.c.tiers: p/e is one too many: at most 4 model tiers can be under a promise"}},
        {with_cascade("promise: { disagreement: 2%, yardstick: human }"),
         {"2: cascades.c.promise.yardstick: \"human\" is none of exact, repeats"}},
        {with_cascade("promise: { harm: 2%, yardstick: repeats }"),
         {"2: cascades.c.promise.yardstick: repeats tell of disagreement over all requests: not beside harm"}},
        {with_cascade("promise: { disagreement: 2%, over: answer, yardstick: repeats }"),
         {"2: cascades.c.promise.yardstick: repeats tell of disagreement over all requests: not beside over: answer"}},
        {with_cascade("promise: { disagreement: 2 }"),
         {"2: cascades.c.promise.disagreement: \"2\" is not a share from 0.01% to 50%: write 2% or 0.02"}},
        {with_cascade("promise: { disagreement: 1%, confidence: 100% }"),
         {"2: cascades.c.promise.confidence: \"100%\" is not a share from 50% to 99.99%: write 2% or 0.02"}},
        {with_cascade("cache: { semantic: { audit: 0.05% } }"),
         {"2: cascades.c.cache.semantic.audit: \"0.05%\" is neither 0% nor a share from 0.1% to 100%"}},
        {with_cascade("agreement: { judge: p/gpt-4o-mini }") + "models: { p/gpt-4o-min: {} }\n",
         {"2: cascades.c.agreement.judge: there is no model \"p/gpt-4o-mini\" (did you mean p/gpt-4o-min?); list it "
          "under models:"}},
        {with_cascade("agreement: { judge: gpt-4o }"),
         {"2: cascades.c.agreement.judge: \"gpt-4o\" is not named provider/model"}},
        {with_cascade("agreement: { judge_share: 10% }"), {"2: cascades.c.agreement.judge_share without a judge"}},
        {with_cascade("agreement: { similarity: 0.5, difference: 0.5 }"),
         {"2: cascades.c.agreement.difference: \"0.5\" is not below similarity"}},
        {with_cascade("agreement: { similarity: 1.2 }"),
         {"2: cascades.c.agreement.similarity: \"1.2\" is not a share from 0% to 100%: write 2% or 0.02"}},
        {with_cascade("agreement: { by: same }"),
         {"2: cascades.c.agreement.by: \"same\" is none of auto, text, choice, number, json, set, contains, "
          "similarity, "
          "judge"}},
        {with_cascade("agreement: { by: similarity }"),
         {"2: cascades.c.agreement.by: \"similarity\" takes a bound: cascades.c.agreement.similarity"}},
        {with_cascade("agreement: { tasks: { t: { by: judge } } }"),
         {"2: cascades.c.agreement.tasks.t.by: \"judge\" takes somebody to ask: cascades.c.agreement.judge or "
          "webhook"}},
        {with_cascade("agreement: { webhook: grader.example/x }"),
         {"2: cascades.c.agreement.webhook: \"grader.example/x\" is no URL such as https://grader.example/grade: "
          "'grader.example/x' does not begin with http:// or https://"}},
        {with_cascade("agreement: { judge: p/gpt-4o-mini, webhook: http://h/x }") + "models: { p/gpt-4o-mini: {} }\n",
         {"2: cascades.c.agreement.webhook and a judge: give one of them"}},
        {with_cascade("agreement: { webhook_key: \"${KEY}\" }"),
         {"2: cascades.c.agreement.webhook_key without a webhook"}},
        {with_cascade("agreement: { by: text, overlap: 50% }"),
         {"2: cascades.c.agreement.overlap: \"50%\" is for by: set alone"}},
        {with_cascade("agreement: { tasks: [t] }"),
         {"2: cascades.c.agreement.tasks is a map of NAME: { by: ... }, for at most 1,000 tasks"}},
        {with_cascade("agreement: { judges: p/m }"),
         {"2: unknown key \"judges\" in cascades.c.agreement (did you mean \"judge\"?); allowed: judge, webhook, "
          "webhook_key, gold, judge_share, similarity, difference, by, tolerance, overlap, tasks, repeat"}},
        {with_cascade("agreement: { repeat: many }"),
         {"2: cascades.c.agreement.repeat: \"many\" is not a whole number from 0 to 10000"}},
        {with_cascade("cache: { fresh: { slow: 0s, hourly: 1h, volatile: 5 }, stale: 101% }"),
         {"2: cascades.c.cache.fresh.slow: \"0s\" is out of range: 1s to 3650d",
          "2: cascades.c.cache.fresh.volatile: \"5\" is not a duration: a whole number with us, ms, s, m, h or d, such "
          "as 10s",
          "2: unknown key \"hourly\" in cascades.c.cache.fresh; allowed: timeless, slow, volatile, personal",
          "2: cascades.c.cache.stale: \"101%\" is not a share from 0% to 100%: write 2% or 0.02"}},
        {with_cascade("cache: { fresh: 1h }"),
         {"2: cascades.c.cache.fresh is a single value, but a map (key: value) belongs here"}},
        {with_cascade("cache: { without_temperature: yes }"),
         {"2: cascades.c.cache.without_temperature: \"yes\" is none of true, false"}},
        // The embedding model.
        {kProvider + "embedding: { model: minilm }\n", {"2: embedding.model is not named provider/model"}},
        {kProvider + "embedding: { model: q/minilm }\n", {"2: embedding.model: there is no provider 'q'"}},
        {kProvider + "embedding: { dimensions: 384 }\n", {"2: embedding: the key \"model\" is missing"}},
        {kProvider + "embedding:\n  dimensions: 384\n  model: p/text-embedding-3-small\n",
         {"4: embedding.model: provider 'p' is not of this machine: what its vectors cost would be missing from the "
          "ledger; name one with api: llama-server and embedding: true"}},
        {"providers: { p: { api: llama-server, model_file: x.gguf } }\nembedding: { model: p/minilm }\n",
         {"2: embedding.model: provider 'p' gives no vectors: it wants embedding: true"}},
        {"providers: { p: { api: llama-server } }\nembedding: { model: p/minilm }\n",
         {"1: providers.p: the key \"model_file\" is missing",
          "2: embedding.model: provider 'p' gives no vectors: it wants embedding: true"}},
        {"providers: { p: { api: opneai } }\nembedding: { model: p/minilm }\n",
         {"1: providers.p.api: \"opneai\" is none of openai, anthropic, gemini, llama-server (did you mean openai?)"}},
        // Callers' keys.
        {kProvider + "keys: []\n",
         {"2: keys is a list with at least one { key: ${NAME}, tenant: NAME }; leave it out for a gateway on loopback "
          "that asks for no key"}},
        {"listen: 0.0.0.0:1\n" + kProvider + "keys:\n", {"3: keys has no value; leave the line out for the default"}},
        {kProvider + "keys:\n  - { key: ${ACME} }\n", {"3: keys: the key \"tenant\" is missing"}},
        {kProvider + "keys:\n  - { key: ${ACME}, tenant: acme, models: [] }\n",
         {"3: keys.models is empty: leave it out for a key that may use all models"}},
        {kProvider + "keys:\n  - { key: ${ACME}, tenant: acme, models: [\"\"], parallel: 0 }\n",
         {"3: keys.models: 'models': a name or glob has 1 to 256 bytes",
          "3: keys.parallel: \"0\" is not a whole number from 1 to 100000"}},
        {kProvider + "tenants: []\n", {"2: tenants is a map such as { acme: { requests_per_minute: 600 } }"}},
        {kProvider + "tenants:\n  a b: { requests_per_minute: 1 }\n  c: { rpm: 1 }\n",
         {"3: tenants.a b: a tenant's name has 1 to 64 of the characters A-Z a-z 0-9 . _ -",
          "4: unknown key \"rpm\" in tenants.c; allowed: requests_per_minute, tokens_per_minute, parallel"}},
        {kProvider + "keys:\n  - { key: ${SHORT}, tenant: acme }\n",
         {"3: keys: a caller's key has 8 to 512 characters, this one has 7"}},
        {kProvider + "keys:\n  - { key: ${ACME}, tenant: ac me }\n",
         {"3: keys: a tenant's name has 1 to 64 of the characters A-Z a-z 0-9 . _ -"}},
        {kProvider + "keys:\n  - { key: ${ACME}, tenant: acme }\n  - { key: ${ACME}, tenant: birch }\n",
         {"4: keys: the same key is already given to tenant acme"}},
        {kProvider + "keys:\n  - { key: ${ACME}, tenant: acme }\n  - { key: ${ACME}, tenant: acme }\n",
         {"4: keys: tenant acme has this key already"}},
    };
    for (const Case& each : cases) {
        CAPTURE(each.text);
        CHECK(errors_of(each.text) == each.errors);
    }
}

TEST_CASE("all errors are told at once, by line") {
    CHECK(errors_of(
              "reactors: 99\nlimits: { idle: 1 }\nproviders:\n  p: { api: openai }\nbogus: 1\nlisten: 0.0.0.0:1\n") ==
          Lines{"1: reactors: \"99\" is not a whole number from 0 to 64",
                "2: limits.idle: \"1\" is not a duration: a whole number with us, ms, s, m, h or d, such as 10s",
                "4: providers.p: the key \"base_url\" is missing",
                "5: unknown key \"bogus\"; allowed: listen, admin, tls, data, prices, reactors, limits, ledger, cache, "
                "providers, models, embedding, cascades, inference, keys, tenants, require_key, budgets, admin_access, "
                "telemetry, access_log, alerts",
                "6: listen: without keys: only a loopback address such as 127.0.0.1 is allowed, or everybody who "
                "reaches it spends your money; require_key: true asks for keys that are made with weir keys"});
}

TEST_CASE("what is wrong with alerts") {
    const auto hook = [](const std::string& more) {
        return kProvider + "alerts: { webhooks: [{ name: ops, url: https://h.example/x" + more + " }] }\n";
    };
    CHECK(errors_of(kProvider + "alerts: { errors: 200% }\n").size() == 1);
    CHECK(errors_of(kProvider + "alerts: { every: 1ms }\n").size() == 1);
    CHECK(errors_of(kProvider + "alerts: { off: [budget_nears] }\n") ==
          Lines{"2: alerts.off: there is no alert \"budget_nears\" (did you mean \"budget_near\"?); there are "
                "budget_near, budget_spent, budget_forecast, errors, gate_closed, drift, prices_changed, prices_stale, "
                "upstream_down, ledger_lost, telemetry_lost, disk_full"});
    CHECK(
        errors_of(kProvider + "alerts: { hooks: x }\n") ==
        Lines{
            "2: unknown key \"hooks\" in alerts; allowed: every, off, settle, again, budget_near, errors, errors_over, "
            "errors_least, losses_over, disk_free, webhooks"});
    CHECK(errors_of(kProvider + "alerts: { webhooks: [] }\n") ==
          Lines{"2: alerts.webhooks is a list of 1 to 8 such as [{ name: ops, url: https://... }]"});
    CHECK(errors_of(kProvider + "alerts: { webhooks: [{ name: OPS }] }\n") ==
          Lines{"2: alerts.webhooks.name: \"OPS\" is no name: 1 to 64 of a-z 0-9 - _ .",
                "2: alerts.webhooks: the key \"url\" is missing"});
    CHECK(errors_of(hook(", secret: abc")).size() == 1);
    CHECK(errors_of(hook(", form: slack")).size() == 1);
    CHECK(errors_of(hook(", least: loud")).size() == 1);
    CHECK(errors_of(hook(" }, { name: ops, url: http://127.0.0.1/y")) ==
          Lines{"2: alerts.webhooks: there are two of the name ops"});
    const auto alerts =
        good(hook(", only: [errors, disk_full], least: critical, form: text, secret: \"${KEY}\"")).alerts;
    REQUIRE(alerts.webhooks.size() == 1);
    CHECK(alerts.webhooks[0].only.count() == 2);
    CHECK(alerts.webhooks[0].text_only);
    CHECK_FALSE(alerts.webhooks[0].secret.empty());
    CHECK(good(kProvider + "alerts: { off: drift, budget_near: 70%, every: 1s }\n").alerts.off.count() == 1);
    CHECK(warnings_of(kProvider + "alerts: { webhooks: [{ name: a, url: http://h.example/x }] }\n").back() ==
          "2: alerts.webhooks.url: alerts are sent over http:// unencrypted");
}

TEST_CASE("what is wrong with inference routes") {
    CHECK(errors_of("inference:\n  a:\n    path: /v1/models\n    reference: { url: http://h/x }\n"
                    "    tiers: [{ name: s, url: http://h/y }]\n    cache: { key: [x], ignore: [/y] }\n"
                    "    agreement: { by: label }\n") ==
          Lines{"2: inference.a.promise: without one no tier may ever answer",
                "3: inference.a.path: \"/v1/models\" is one that Weir answers itself",
                "4: inference.a.reference.price: without it nothing can be weighed against the tiers",
                "5: inference.a.tiers: a tier needs a price: without one nothing can be weighed",
                "6: inference.a.cache.key: \"x\" is no path such as /items/*/id: it does not begin with '/'",
                "6: inference.a.cache.ignore beside key, which says all that counts: give one of them",
                "7: inference.a.agreement.at says where the label stands in an answer, such as /label"});
    CHECK(errors_of("inference:\n  a: { path: /x, model: m, reference: { url: http://h } }\n") ==
          Lines{"2: inference.a.path: a route has a path (a JSON POST endpoint) or a model (the Open Inference "
                "Protocol): give one"});
}

TEST_CASE("what deserves a warning") {
    struct Case {
        std::string text;
        Lines warnings;
    };
    const std::string two = kProvider + "cascades:\n  a: { match: { model: [x, \"gpt-*\"] } }\n";
    const std::vector<Case> cases{
        {with_cascade("tiers: [exact], mode: serve"), {}},
        {with_cascade("tiers: [exact, semantic, student]"),
         {"2: cascades.c.tiers: student is never served without a promise: for the cascade",
          "2: cascades.c.tiers: a student has nothing to learn from without store: content"}},
        {with_cascade("tiers: [p/gpt-4o-mini]"),
         {"2: cascades.c.tiers: p/gpt-4o-mini has no gate: it is not asked until it has one ({ model: p/gpt-4o-mini, "
          "min_mean_logprob: ... }, or a promise: for the cascade)"}},
        {with_cascade("tiers: [{ model: p/small, min_mean_logprob: -1 }]"),
         {"2: p/small has no known price: what it costs and saves is reported as unknown; give it one under models:"}},
        {with_cascade("tiers: [{ model: p/small, min_mean_logprob: -1 }]") +
             "models: { p/small: { price: { input: 1, output: 1 } } }",
         {}},
        {kProvider + "cascades: { c: { match: { model: small }, reference_provider: p } }",
         {"2: p/small, a reference, has no known price: no saving is claimed against it; give it one under models:"}},
        {with_cascade("promise: { disagreement: 2%, yardstick: repeats }"),
         {"2: cascades.c.promise.yardstick: repeats are known only with store: content and an agreement.repeat above "
          "0; "
          "the promise stands as it is"}},
        {with_cascade("promise: { disagreement: 2%, yardstick: exact }"), {}},
        {with_cascade("promise: { disagreement: 2% }"), {}},
        {with_cascade("tiers: [p/gpt-4o-mini], promise: { disagreement: 2% }"), {}},
        {with_cascade("tiers: [{ model: p/gpt-4o-mini, min_mean_logprob: -1 }], promise: { disagreement: 2% }"),
         {"2: cascades.c.tiers: p/gpt-4o-mini is served by a fixed threshold, which proves no promise"}},
        {with_cascade("agreement: { similarity: 0.9, difference: 40% }"),
         {"2: cascades.c.agreement: similarity and difference are not used: there is no embedding: model"}},
        {with_cascade("tiers: [{ model: p/gpt-4o-mini, min_mean_logprob: -1 }], agreement: { judge: p/gpt-4o-mini }"),
         {}},
        {with_cascade("mode: shadow"), {}},
        {with_cascade("store: content"),
         {"2: cascades.c.store: content, but provider p does not say may_distil: true: only hashes are kept, and no "
          "student can learn from its answers"}},
        {with_cascade("store: hashes"), {}},
        {"providers: { p: { api: openai, base_url: http://127.0.0.1:1/v1, may_distil: true } }\n"
         "cascades: { c: { match: { model: gpt-4o }, store: content } }\n",
         {}},
        {"providers:\n  p: { api: openai, base_url: http://127.0.0.1:1/v1, may_distil: true }\n"
         "  q: { api: openai, base_url: http://127.0.0.1:1/v1 }\n"
         "cascades: { c: { match: { model: [q/gpt-4o, p/gpt-4o] }, store: { what: content, redact: [] } } }\n",
         {"4: cascades.c.store: content, but provider q does not say may_distil: true: only hashes are kept, and no "
          "student can learn from its answers"}},
        {with_cascade("audits: { blind_after: 2h }"), {"2: cascades.c.audits has no cap: nothing is limited"}},
        {with_cascade("mode: shadow, tasks: { a: { mode: serve }, b: { mode: observe } }"),
         {"2: cascades.c.tasks.a: its mode is above the cascade's, which is what counts"}},
        {two + "  b: { match: { model: x } }\n",
         {"4: cascades.b.match: \"x\" is matched by cascade a already (line 3); the first one wins"}},
        {two + "  b: { match: { model: gpt-4 } }\n",
         {"4: cascades.b.match: \"gpt-4\" is covered by \"gpt-*\" of cascade a (line 3); the first one wins"}},
        {"providers:\n  p: { api: openai, base_url: http://example.com/v1, key: ${KEY} }\n"
         "cascades: { c: { match: { model: y } } }\n",
         {"2: providers.p: its key is sent over http:// unencrypted"}},
        {with_cascade("agreement: { webhook: http://grader.example/x }"),
         {"2: cascades.c.agreement.webhook: questions and answers are sent over http:// unencrypted"}},
        {with_cascade("agreement: { webhook: http://127.0.0.1:1/x }"), {}},
        {with_cascade("agreement: { gold: gold.tsv }, promise: { disagreement: 2% }"),
         {"2: cascades.c.agreement: gold is not used: right answers tell of harm, not of disagreement; promise: { "
          "harm: "
          "... }"}},
    };
    for (const Case& each : cases) {
        CAPTURE(each.text);
        CHECK(warnings_of(each.text) == each.warnings);
    }
}
