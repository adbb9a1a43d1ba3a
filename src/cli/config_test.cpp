#include "cli/config.h"

#include <doctest/doctest.h>

#include "cli/config_testing.h"

using namespace weir;
using namespace weir::cli;
using namespace weir::cli::testing;

TEST_CASE("the least that is a configuration, and its defaults") {
    const gateway::Options options = good(kProvider);
    CHECK(options.file == "f");
    CHECK(options.listen.host == "127.0.0.1");
    CHECK(options.listen.port == 8080);
    CHECK(options.admin.port == 8081);
    CHECK(options.data_folder == "./weir-data");
    CHECK(options.prices_file.empty());
    CHECK(options.keys.empty());
    CHECK(!options.require_key);
    CHECK(options.limits.head_bytes == 32 * 1024);
    CHECK(!options.ledger.drop_when_full);
    REQUIRE(options.providers.contains("p"));
    CHECK(options.providers.at("p").base_url == "http://127.0.0.1:1/v1");
    CHECK(options.providers.at("p").usage_in_streams);
    CHECK(options.providers.at("p").key.empty());
    CHECK(warnings_of(kProvider) == Lines{"1: no cascades: every request is answered by the model that it asks for"});
}

TEST_CASE("every key is read") {
    const gateway::Options options = good(R"(
listen: 0.0.0.0:${PORT}
admin: "[::1]:9000"
data: /var/lib/weir
prices: prices.json
reactors: 3
tls: { certificate: cert.pem, key: key.pem }
limits:
  head: 16KiB
  body: 1MiB
  answer: 2GiB
  connect: 250ms
  first_byte: 5m
  idle: 2m
  slow_head: 1s
  keep_alive: 1h
  upstream_idle: 100ms
  drain: 0s
  connections: 7
  upstream_idle_connections: 0
ledger: { when_full: drop, ring_rows: 64, commit_interval: 10ms }
cache: { memory: 2MiB, semantic_memory: 3MiB, disk: 0, max_entry: 1024 }
providers:
  open: { api: openai, base_url: "https://api.example.com:8443/v1//", key: ${KEY}, usage_in_streams: false, tls_ca_file: ca.pem }
  local:
    api: llama-server
    model_file: ${WEIGHTS}
    program: ${PROGRAM:-/opt/llama server}
    threads: 2
    context: 2048
    parallel: 4
    memory: 1GiB
    cache_ram: 128MiB
    arguments: [--no-warmup, "-b", 64]
    log_file: llama.log
    start_timeout: 30s
models:
  open/meta/llama-3:
  open/gpt-4o-mini: {}
  local/small:
    price: { input: 0.01, output: 0.04, cached_input: 0.005, cache_write: 0.0000015e1 }
    latency: 900ms
    upstream_name: small.gguf
cascades:
  zeta:
    match: { model: [gpt-4o, "gpt-4o-*"] }
    reference_provider: open
    tiers: [exact, { model: local/small, min_mean_logprob: -0.05 }, { model: open/gpt-4o-mini, samples: 3 }]
    promise: { harm: 2%, confidence: 0.9, over: task }
    tier_timeout: 4s
    tier_rest: 5m
    max_latency: 900ms
    audits: { cap_usd_per_day: 2.5, cap_share: 5%, blind_after: 2h }
    canary: 10%
    store: { what: content, keep: 7d, most: 500, redact: [card, "/ACME-[0-9]+/"] }
    tasks: { reviews: { mode: shadow }, 00ff00ff00ff00ff: { mode: observe } }
    mode: ${MODE}
    cache:
      ttl: 7d
      fresh: { timeless: 6d, slow: 12h, volatile: 90s, personal: 30m }
      stale: 25%
      without_temperature: false
      temperature_above_zero: true
    agreement: { judge: open/gpt-4o-mini, judge_share: 25%, similarity: 0.92, difference: 50%,
                 by: number, tolerance: 1%, repeat: 20, gold: gold.tsv,
                 tasks: { tags: { by: set, overlap: 80% }, free: { by: judge }, plain: { tolerance: 2% } } }
  alpha: { match: { model: "claude-?" }, store: hashes }
keys:
  - { key: ${ACME}, tenant: acme }
  - key: ${BIRCH}
    tenant: birch
    models: ["gpt-4o*", small]
    requests_per_minute: 60
    tokens_per_minute: 90000
    parallel: 4
tenants:
  acme: { requests_per_minute: 600 }
require_key: true
)");
    CHECK(options.listen.host == "0.0.0.0");
    CHECK(options.listen.port == 8123);
    CHECK(options.admin.host == "::1");
    CHECK(options.data_folder == "/var/lib/weir");
    CHECK(options.prices_file == "prices.json");
    CHECK(options.reactors == 3);
    CHECK(options.tls_certificate_file == "cert.pem");
    CHECK(options.tls_key_file == "key.pem");

    CHECK(options.limits.head_bytes == 16 * 1024);
    CHECK(options.limits.body_bytes == 1 << 20);
    CHECK(options.limits.answer_bytes == 2ull << 30);
    CHECK(options.limits.connect_micros == 250'000);
    CHECK(options.limits.first_byte_micros == 300'000'000);
    CHECK(options.limits.idle_micros == 120'000'000);
    CHECK(options.limits.slow_head_micros == 1'000'000);
    CHECK(options.limits.keep_alive_micros == 3'600'000'000);
    CHECK(options.limits.upstream_idle_micros == 100'000);
    CHECK(options.limits.drain_micros == 0);
    CHECK(options.limits.connections == 7);
    CHECK(options.limits.upstream_idle_connections == 0);
    CHECK(options.ledger.drop_when_full);
    CHECK(options.ledger.ring_rows == 64);
    CHECK(options.ledger.commit_interval_micros == 10'000);
    CHECK(options.cache.memory_bytes == 2 << 20);
    CHECK(options.cache.semantic_memory_bytes == 3 << 20);
    CHECK(options.cache.disk_bytes == 0);
    CHECK(options.cache.max_entry_bytes == 1024);

    const gateway::ProviderOptions& open = options.providers.at("open");
    CHECK(open.base_url == "https://api.example.com:8443/v1");
    CHECK(open.key == "sk-provider-secret");
    CHECK(!open.usage_in_streams);
    CHECK(open.tls_ca_file == "ca.pem");
    CHECK(!open.child);
    CHECK(open.line == 24);
    const gateway::ProviderOptions& local = options.providers.at("local");
    CHECK(local.api == gateway::ProviderApi::llama_server);
    REQUIRE(local.child);
    CHECK(local.child->name == "local");
    CHECK(local.child->model_file == "/weights/small.gguf");
    CHECK(local.child->program == "/opt/llama server");
    CHECK(local.child->threads == 2);
    CHECK(local.child->context_tokens == 2048);
    CHECK(local.child->parallel == 4);
    CHECK(local.child->memory_bytes == 1ull << 30);
    CHECK(local.child->cache_ram_mib == 128);
    CHECK(local.child->extra_arguments == Lines{"--no-warmup", "-b", "64"});
    CHECK(local.child->log_file == "llama.log");
    CHECK(local.child->start_timeout_micros == 30'000'000);

    REQUIRE(options.models.size() == 3);
    CHECK(options.models[0].provider == "open");
    CHECK(options.models[0].name == "meta/llama-3");
    CHECK(options.models[0].full_name() == "open/meta/llama-3");
    CHECK(options.models[0].upstream_name == "meta/llama-3");
    CHECK(!options.models[1].price);
    CHECK(!options.models[1].latency_micros);
    REQUIRE(options.models[2].price);
    CHECK(options.models[2].price->input.picos == 10'000);
    CHECK(options.models[2].price->output.picos == 40'000);
    CHECK(options.models[2].price->input_cached->picos == 5'000);
    CHECK(options.models[2].price->input_cache_write->picos == 15);
    CHECK(options.models[2].price->source == "configuration");
    CHECK(options.models[2].latency_micros == 900'000);
    CHECK(options.models[2].upstream_name == "small.gguf");

    REQUIRE(options.cascades.size() == 2);  // in the file's order
    const cascade::CascadeOptions& zeta = options.cascades[0];
    CHECK(zeta.name == "zeta");
    CHECK(zeta.match_models == Lines{"gpt-4o", "gpt-4o-*"});
    CHECK(zeta.reference_provider == "open");
    REQUIRE(zeta.tiers.size() == 3);
    CHECK(zeta.tiers[0].kind == cascade::TierKind::exact);
    CHECK(zeta.tiers[1].kind == cascade::TierKind::model);
    CHECK(zeta.tiers[1].model == "local/small");
    CHECK(zeta.tiers[1].min_mean_logprob == -0.05);
    CHECK(zeta.tiers[2].model == "open/gpt-4o-mini");
    CHECK(!zeta.tiers[2].min_mean_logprob);
    CHECK(zeta.tiers[1].gathers.samples == 1);
    CHECK(zeta.tiers[2].gathers.samples == 3);
    REQUIRE(zeta.promise);
    CHECK(zeta.promise->by_harm);
    CHECK(zeta.promise->disagreement == doctest::Approx(0.02));
    CHECK(zeta.promise->confidence == doctest::Approx(0.9));
    CHECK(zeta.promise->over_task);
    CHECK_FALSE(zeta.promise->per_answer);
    CHECK(zeta.tier_timeout_micros == 4'000'000);
    CHECK(zeta.tier_rest_micros == 300'000'000);
    CHECK(zeta.max_latency_micros == 900'000);
    CHECK(zeta.audits.per_day == Usd{2'500'000'000});
    CHECK(zeta.audits.share == 0.05);
    CHECK(zeta.audits.blind_micros == 7'200'000'000);
    CHECK(zeta.canary == 0.1);
    CHECK(zeta.examples.keeping == store::ExampleKeeping::content);
    CHECK(zeta.examples.keep_micros == 7ll * 86'400'000'000);
    CHECK(zeta.examples.most == 500);
    CHECK(zeta.examples.redact == Lines{"card", "/ACME-[0-9]+/"});
    CHECK(options.cascades[1].examples.keeping == store::ExampleKeeping::hashes);
    CHECK(options.cascades[1].examples.keep_micros == 30ll * 86'400'000'000);
    CHECK(options.cascades[1].examples.most == 100'000);
    CHECK(options.cascades[1].examples.redact == Lines{"email", "phone", "card", "iban"});
    REQUIRE(zeta.tasks.size() == 2);
    CHECK(zeta.tasks.at("reviews").mode == cascade::Mode::shadow);
    CHECK(zeta.tasks.at("00ff00ff00ff00ff").mode == cascade::Mode::observe);
    CHECK(zeta.mode == cascade::Mode::serve);
    CHECK(zeta.cache.ttl_micros == 7ll * 86'400'000'000);
    CHECK(zeta.cache.fresh_micros ==
          std::array<Micros, 4>{6ll * 86'400'000'000, 12ll * 3'600'000'000, 90'000'000, 30ll * 60'000'000});
    CHECK(zeta.cache.stale_share == 0.25);
    CHECK(zeta.agreement.judge == "open/gpt-4o-mini");
    CHECK(zeta.agreement.judge_share == 0.25);
    CHECK(zeta.agreement.similarity == 0.92);
    CHECK(zeta.agreement.difference == 0.5);
    CHECK(zeta.agreement.any());
    CHECK(zeta.agreement.repeat == 20);
    CHECK(zeta.agreement.gold_file == "gold.tsv");
    CHECK(options.cascades[1].agreement.repeat == 3);
    using Form = cascade::AgreementForm;
    CHECK(zeta.agreement.rules_of("other") == cascade::AgreementRules{Form::number, 0.01, 1});
    CHECK(zeta.agreement.rules_of("tags") == cascade::AgreementRules{Form::set, 0.01, 0.8});
    CHECK(zeta.agreement.rules_of("free").form == Form::judge);
    CHECK(zeta.agreement.rules_of("plain") == cascade::AgreementRules{Form::number, 0.02, 1});
    CHECK(options.cascades[1].agreement.rules_of("") == cascade::AgreementRules{});
    CHECK(!options.cascades[1].agreement.any());
    CHECK(options.cascades[1].agreement.judge_share == 1);
    CHECK(!zeta.cache.cache_without_temperature);
    CHECK(zeta.cache.cache_temperature_above_zero);
    CHECK(options.cascades[1].name == "alpha");
    CHECK(options.cascades[1].match_models == Lines{"claude-?"});
    CHECK(options.cascades[1].mode == cascade::Mode::observe);
    CHECK(options.cascades[1].reference_provider.empty());
    CHECK(!options.cascades[1].audits.any());
    CHECK(options.cascades[1].canary == 1);
    CHECK(options.cascades[1].tasks.empty());

    REQUIRE(options.keys.size() == 2);
    CHECK(options.keys[0].key == "sk-acme-secret");
    CHECK(options.keys[1].tenant == "birch");
    CHECK(options.keys[0].models.empty());
    CHECK(!options.keys[0].rates.any());
    CHECK(options.keys[1].models == std::vector<std::string>{"gpt-4o*", "small"});
    CHECK(options.keys[1].rates == limits::Rates{60, 90'000, 4});
    CHECK(options.tenants == std::map<std::string, limits::Rates>{{"acme", {600, 0, 0}}});
    CHECK(options.require_key);
}

TEST_CASE("a price: an hour's writes, long prompts, searches; for every service tier") {
    const gateway::Options options = good(kProvider +
                                          "models: { p/x: { price: { input: 1, output: 2, cache_write: 3, "
                                          "cache_write_1h: 4, web_search: 10, above: { tokens: 200, input: 5, "
                                          "output: 6, cached_input: 7 } } } }\n");
    REQUIRE(options.models.at(0).price);
    const auto cost = [&](const wire::Usage& usage) { return prices::cost_of(usage, *options.models[0].price); };
    CHECK(cost({.input_cache_write_1h = 1}) == Usd{4'000});
    CHECK(cost({.web_searches = 1}) == Usd{10'000'000});
    CHECK(cost({.input_uncached = 200, .output = 1, .tier = wire::ServiceTier::other}) == Usd{202'000});
    CHECK(cost({.input_uncached = 200, .input_cached = 1, .output = 1}) == Usd{1'013'000});
    CHECK_FALSE(cost({.input_uncached = 200, .input_cache_write = 1}));  // above says nothing of writes
    const gateway::Options plain = good(kProvider + "models: { p/x: { price: { input: 1, output: 2 } } }\n");
    CHECK_FALSE(prices::cost_of({.web_searches = 1}, *plain.models.at(0).price));
    CHECK(prices::cost_of({.input_cache_write_1h = 1}, *plain.models.at(0).price) == Usd{1'000});
}

TEST_CASE("other addresses than loopback want a key, which may be made later") {
    const gateway::Options options = good(
        "listen: 0.0.0.0:8080\nrequire_key: true\n"
        "providers: { p: { api: openai, base_url: \"http://127.0.0.1:9\" } }\n");
    CHECK(options.keys.empty());
    CHECK(options.require_key);
}

TEST_CASE("what a promise is over") {
    const auto over = [](const std::string& word) {
        const gateway::Options options = good(
            "providers: { p: { api: openai, base_url: \"http://127.0.0.1:9\" } }\n"
            "cascades: { c: { match: { model: m }, promise: { disagreement: 2%, over: " +
            word + " } } }\n");
        return *options.cascades.at(0).promise;
    };
    CHECK_FALSE((over("cascade").over_task || over("cascade").per_answer));
    CHECK((over("task").over_task && !over("task").per_answer));
    CHECK((over("answer").per_answer && !over("answer").over_task));
}

TEST_CASE("the reference's repeats as a yardstick: it is asked again more often") {
    const auto cascade_of = [](const std::string& more) {
        const gateway::Options options = good(
            "providers: { p: { api: openai, base_url: \"http://127.0.0.1:9\" } }\n"
            "cascades: { c: { match: { model: m }, store: content, promise: { disagreement: 2%, yardstick: " +
            more + " } }\n");
        return options.cascades.at(0);
    };
    CHECK_FALSE(cascade_of("exact }").promise->by_repeats);
    CHECK(cascade_of("exact }").agreement.repeat == 3);
    CHECK(cascade_of("repeats }").promise->by_repeats);
    CHECK(cascade_of("repeats }").agreement.repeat == cascade::kYardstickRepeats);
    CHECK(cascade_of("repeats }, agreement: { repeat: 40 }").agreement.repeat == 40);
}

TEST_CASE("an embedding model on this machine") {
    const gateway::Options options = good(
        "providers: { p: { api: llama-server, model_file: x.gguf, embedding: true } }\n"
        "embedding: { model: p/all/minilm, dimensions: 512 }\n");
    CHECK(options.providers.at("p").child->embedding);
    REQUIRE(options.embedding);
    CHECK(options.embedding->provider == "p");
    CHECK(options.embedding->model == "all/minilm");
    CHECK(options.embedding->dimensions == 512);
    CHECK(options.embedding->line == 2);
}

TEST_CASE("a tier's model stands among the models, listed or not") {
    const gateway::Options options = good(with_cascade("tiers: [p/gpt-4o-mini, p/gpt-3.5]") + "models: { p/gpt-3.5: }");
    REQUIRE(options.models.size() == 2);
    CHECK(options.models[0].full_name() == "p/gpt-3.5");
    CHECK(options.models[1].full_name() == "p/gpt-4o-mini");
    CHECK(options.models[1].upstream_name == "gpt-4o-mini");
}

TEST_CASE("variables are put in as they are, and never read as YAML") {
    CHECK(good(kProvider + "data: ${HOSTILE}").data_folder == variables().at("HOSTILE"));
    CHECK(good(kProvider + "data: \"${HOSTILE}\"").data_folder == variables().at("HOSTILE"));
    CHECK(good(kProvider + "data: '/a/${PORT}/b-${PORT}'").data_folder == "/a/8123/b-8123");
    CHECK(good(kProvider + "data: ${EMPTY:-/fallback: [x], \"{'y #z}").data_folder == "/fallback: [x], \"{'y #z");
    CHECK(good(kProvider + "data: ${EMPTY:-}x").data_folder == "x");
    CHECK(good(kProvider + "data: ${ABSENT:-/a b}").data_folder == "/a b");
    CHECK(good(kProvider + "data: $HOME/$").data_folder == "$HOME/$");
    CHECK(good(kProvider + "reactors: ${N:-2}").reactors == 2);
    CHECK(good("providers: { p: {api: openai,base_url: ${URL},key: ${KEY}} }").providers.at("p").base_url ==
          "http://127.0.0.1:9/v1");
    CHECK(errors_of(kProvider + "data: ${ABSENT}") == Lines{"2: data: the environment variable ABSENT is not set"});
    CHECK(errors_of(kProvider + "data: ${EMPTY}") == Lines{"2: data: what \"${EMPTY}\" stands for is empty"});
    CHECK(errors_of(kProvider + "data: ${1X}") == Lines{"2: data: ${ is not followed by NAME} or NAME:-default}"});
    CHECK(errors_of(kProvider + "data: x${X") == Lines{"2: data: ${ is not followed by NAME} or NAME:-default}"});
}

TEST_CASE("secrets stand in the environment, and in no message") {
    const auto with_key = [](const std::string& key) {
        return "providers:\n  p:\n    api: openai\n    base_url: http://127.0.0.1:1\n    key: " + key + "\n";
    };
    const std::string literal =
        "5: providers.p.key: a secret does not stand in this file. Put it into an environment variable and write "
        "${NAME} "
        "here, with nothing around it";
    CHECK(errors_of(with_key("sk-literal-secret")) == Lines{literal});
    CHECK(errors_of(with_key("Bearer ${KEY}")) == Lines{literal});
    CHECK(errors_of(with_key("${KEY}${KEY}")) == Lines{literal});
    CHECK(errors_of(with_key("[${KEY}]")) == Lines{literal});
    CHECK(errors_of(with_key("${KEY:-sk-default-secret}")) ==
          Lines{"5: providers.p.key: a secret has no default; write ${NAME}"});
    CHECK(errors_of(with_key("${ABSENT}")) == Lines{"5: providers.p.key: the environment variable ABSENT is not set"});
    CHECK(errors_of(with_key("${EMPTY}")) ==
          Lines{"5: providers.p.key: the environment variable in ${EMPTY} is empty"});
    for (const char* bad : {"${SPACED}", "${NEWLINE}"}) {
        CHECK(errors_of(with_key(bad)) == Lines{"5: providers.p.key: " + std::string(bad) +
                                                " holds spaces, line ends, control or non-ASCII "
                                                "characters, or more than 4096 bytes; it can't be sent in a header"});
    }
    // Also not where a variable stands in the wrong place.
    for (const char* misplaced : {"listen: ${KEY}", "reactors: ${KEY}", "limits: { body: ${KEY} }", "admin: x${KEY}y",
                                  "cascades: { c: { match: { model: x }, mode: ${KEY}, tiers: [\"${KEY}\"] } }",
                                  "models: { p/x: { price: { input: ${KEY}, output: 1 }, latency: ${KEY} } }",
                                  "keys: [ { key: ${SHORT}, tenant: a }, { key: ${ACME}, tenant: \"${SPACED}\" } ]"}) {
        const Lines errors = errors_of(kProvider + misplaced);
        CAPTURE(misplaced);
        CHECK(errors != Lines{"loaded"});
        for (const std::string& error : errors) {
            CAPTURE(error);
            CHECK(error.find("secret") == std::string::npos);
            CHECK(error.find("1234567") == std::string::npos);
        }
    }
}

TEST_CASE("limits hold") {
    SUBCASE("the file's size") {
        const std::string comment = "#" + std::string((1 << 20) - kProvider.size() - 2, 'x') + "\n";
        CHECK(errors_of(comment + kProvider) == Lines{"loaded"});
        CHECK(errors_of("#" + comment + kProvider) == Lines{"0: larger than 1 MiB"});
    }
    SUBCASE("aliases are allowed, but not to grow without end") {
        CHECK(good("providers:\n  a: &one { api: openai, base_url: http://127.0.0.1/v1 }\n  b: *one\n")
                  .providers.at("b")
                  .base_url == "http://127.0.0.1/v1");
        std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
        for (int i = 1; i < 12; ++i) {
            const std::string before = "*a" + std::to_string(i - 1);
            laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
            for (int n = 0; n < 8; ++n) laughs += ", " + before;
            laughs += "]\n";
        }
        const Lines errors = errors_of(laughs);
        REQUIRE(errors.size() == 1);
        CHECK(errors[0].ends_with(": more than 100,000 values (aliases counted as often as they are used)"));
    }
    SUBCASE("an alias to itself") {
        CHECK(errors_of("data: &a [*a]\n") == Lines{"1: nested deeper than 32"});
    }
    SUBCASE("depth") {
        CHECK(errors_of("data: " + std::string(40, '[') + std::string(40, ']')) == Lines{"1: nested deeper than 32"});
        const Lines errors = errors_of("data: " + std::string(500'000, '['));
        CHECK(errors.size() == 1);
    }
    SUBCASE("errors") {
        std::string many;
        for (int i = 0; i < 1000; ++i) many += "k" + std::to_string(i) + ": 1\n";
        const Lines errors = errors_of(many);
        CHECK(errors.size() == 101);
        CHECK(errors[0] == "0: more than 100 of these; the rest is left out");
    }
}

TEST_CASE("a file that can't be read") {
    const LoadResult loaded = load_config("/nonexistent/weir.yaml", test_settings());
    REQUIRE(!loaded);
    REQUIRE(loaded.error().size() == 1);
    CHECK(to_string(loaded.error()[0]) == "/nonexistent/weir.yaml: cannot be read: No such file or directory");
    CHECK(!load_config("/", test_settings()));
}

TEST_CASE("to_string leaves the line out where there is none") {
    CHECK(to_string({"f", 3, "m"}) == "f:3: m");
    CHECK(to_string({"f", 0, "m"}) == "f: m");
}
