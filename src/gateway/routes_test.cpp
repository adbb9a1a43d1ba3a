#include "gateway/routes.h"

#include <doctest/doctest.h>

#include <map>

#include "local/fake_llama_server.h"
#include "store/name_table_testing.h"

using namespace weir;
using namespace weir::gateway;

namespace {

using store::testing::NameTable;

ProviderOptions remote(const std::string& name) {
    ProviderOptions provider;
    provider.name = name;
    provider.base_url = "http://127.0.0.1:1/v1";
    return provider;
}

ModelOptions model(const std::string& provider, const std::string& name, const std::string& upstream_name = {}) {
    ModelOptions options;
    options.provider = provider;
    options.name = name;
    options.upstream_name = upstream_name;
    return options;
}

struct World {
    Options options;
    NameTable names;
    std::shared_ptr<const Routes> build() {
        auto routes = Routes::build(options, nullptr, names);
        REQUIRE_MESSAGE(routes.has_value(), routes.error().message);
        return *routes;
    }
};

std::string resolved(const Routes& routes, std::string_view model) {
    const auto route = routes.resolve(model, routes.cascade_for(model));
    return route ? route->full_name : std::string(to_string(route.error().code));
}

}  // namespace

TEST_CASE("a model's name finds its provider") {
    World world;
    world.options.providers = {{"openai", remote("openai")}, {"other", remote("other")}};
    world.options.models = {model("other", "mini", "mini-2")};
    const auto routes = world.build();
    CHECK(resolved(*routes, "other/mini") == "other/mini");
    CHECK(routes->resolve("mini", routes->forward_only())->upstream_name == "mini-2");
    CHECK(resolved(*routes, "other/anything/at/all") == "other/anything/at/all");
    CHECK(resolved(*routes, "gpt-4o") == "openai/gpt-4o");  // by the vendor in the price table
    CHECK(resolved(*routes, "nobody-knows-it") == "not_found");
    CHECK(resolved(*routes, "missing/model") == "not_found");
}

TEST_CASE("the only remote provider takes every name") {
    World world;
    world.options.providers = {{"recorded", remote("recorded")}};
    const auto routes = world.build();
    CHECK(resolved(*routes, "gpt-4o") == "recorded/gpt-4o");
    CHECK(resolved(*routes, "llama3.1-8b") == "recorded/llama3.1-8b");
}

TEST_CASE("a cascade's reference_provider comes before the vendor") {
    World world;
    world.options.providers = {{"openai", remote("openai")}, {"azure", remote("azure")}};
    cascade::CascadeOptions cascade;
    cascade.name = "default";
    cascade.match_models = {"gpt-*"};
    cascade.reference_provider = "azure";
    cascade.mode = cascade::Mode::serve;
    world.options.cascades = {cascade};
    const auto routes = world.build();
    CHECK(resolved(*routes, "gpt-4o") == "azure/gpt-4o");
    CHECK(routes->cascade_for("gpt-4o").options.name == "default");
    CHECK(routes->cascade_for("claude").options.name == "none");
    CHECK(routes->cascade_for("claude").options.mode == cascade::Mode::off);
}

TEST_CASE("of keys the routes keep digests alone") {
    World world;
    world.options.providers = {{"p", remote("p")}};
    CHECK(world.build()->key_settings().keys.empty());
    world.options.keys = {{"sk-test-0001", "acme", {"gpt-*"}, {1, 2, 3}, 1}, {"sk-test-0003", "birch", {}, {}, 3}};
    world.options.tenants = {{"acme", {10, 0, 0}}};
    world.options.require_key = true;
    const auto routes = world.build();
    const limits::KeySettings& settings = routes->key_settings();
    REQUIRE(settings.keys.size() == 2);
    CHECK(settings.keys[0].digest == sha256("sk-test-0001"));
    CHECK(settings.keys[0].models == std::vector<std::string>{"gpt-*"});
    CHECK(settings.keys[0].rates == limits::Rates{1, 2, 3});
    CHECK(settings.keys[1].tenant == "birch");
    CHECK(settings.tenants.at("acme").requests_per_minute == 10);
    CHECK(settings.require_key);
    for (const KeyOptions& key : routes->options().keys) CHECK(key.key.empty());
}

TEST_CASE("names that cascades match are listed, globs are not") {
    World world;
    world.options.providers = {{"p", remote("p")}};
    world.options.models = {model("p", "small")};
    cascade::CascadeOptions cascade;
    cascade.name = "c";
    cascade.match_models = {"big", "big-*"};
    world.options.cascades = {cascade};
    const auto listed = world.build()->listed_models();
    REQUIRE(listed.size() == 2);
    CHECK(listed[0].first == "big");
    CHECK(listed[1].first == "p/small");
}

TEST_CASE("a tier that names no provider is an error that says which") {
    World world;
    world.options.providers = {{"a", remote("a")}, {"b", remote("b")}};
    cascade::CascadeOptions cascade;
    cascade.name = "c";
    cascade.match_models = {"big"};
    cascade.tiers = {{cascade::TierKind::model, "zzz/unknown", -0.1, 7}};
    world.options.cascades = {cascade};
    const auto routes = Routes::build(world.options, nullptr, world.names);
    REQUIRE_FALSE(routes.has_value());
    CHECK(routes.error().message.find("zzz/unknown") != std::string::npos);
}

TEST_CASE("an embedding model is known by its file's content and its server's options, not by their names") {
    const local::testing::FakeServer files;
    World world;
    ProviderOptions provider;
    provider.name = "vectors";
    provider.api = ProviderApi::llama_server;
    provider.child = files.options();
    provider.child->embedding = true;
    world.options.providers = {{"vectors", provider}};
    CHECK(world.build()->embedding_identity().empty());
    world.options.embedding = EmbeddingOptions{"vectors", "minilm", 384, 1};
    const auto routes = world.build();
    const std::string identity = routes->embedding_identity();
    CHECK(identity.starts_with("minilm:"));
    CHECK(identity.ends_with(":384"));

    // Elsewhere, the same.
    files.write("copy.gguf", files.read("model.gguf"));
    local::LlamaServerOptions& child = *world.options.providers.at("vectors").child;
    child.model_file = files.path("copy.gguf");
    CHECK(world.build()->embedding_identity() == identity);
    child.model_file = files.path("model.gguf");

    // Another server's way to make a vector of it.
    child.extra_arguments = {"--pooling", "cls"};
    CHECK(world.build()->embedding_identity() != identity);
    child.extra_arguments.clear();

    // The content changes while the child runs: it has read the old one.
    files.write("model.gguf", "GGUF and something else");
    const auto reloaded = Routes::build(world.options, routes.get(), world.names);
    REQUIRE(reloaded.has_value());
    CHECK((*reloaded)->embedding_identity() == identity);
    CHECK(world.build()->embedding_identity() != identity);  // a new child
    child.embedding = false;                                 // another use of it is another child
    const auto other_use = Routes::build(world.options, routes.get(), world.names);
    REQUIRE(other_use.has_value());
    CHECK((*other_use)->providers().at("vectors").child != routes->providers().at("vectors").child);

    std::filesystem::remove(files.path("model.gguf"));
    CHECK_FALSE(Routes::build(world.options, nullptr, world.names).has_value());
}

TEST_CASE("a remote embedding model is refused: its cost would be in no row") {
    World world;
    world.options.providers = {{"p", remote("p")}};
    world.options.embedding = EmbeddingOptions{"p", "text-embedding-3-small", 384, 1};
    CHECK_FALSE(Routes::build(world.options, nullptr, world.names).has_value());
}
