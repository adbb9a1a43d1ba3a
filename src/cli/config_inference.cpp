// Inference routes of the configuration: requests that are no chat (docs/other-inference.md).
#include <algorithm>
#include <array>

#include "cascade/trial.h"
#include "cli/config_draft.h"
#include "cli/config_values.h"

namespace weir::cli {
namespace {

using gateway::InferenceOptions;
using gateway::InferenceTarget;

constexpr Usd kMostPrice{1'000'000'000'000};
constexpr Micros kYear = 365ll * 24 * 3600 * 1'000'000;
constexpr std::size_t kMaxModelBytes = 128;

std::optional<json::Path> read_path(const ConfigNode& node, Reader& reader, const std::string& what) {
    const std::optional<std::string> text = reader.text(node, what);
    if (!text) return std::nullopt;
    Result<json::Path> path = json::Path::parse(*text);
    if (!path) {
        reader.error(node.line,
                     what + ": " + quote(*text) + " is no path such as /items/*/id: it " + path.error().message);
        return std::nullopt;
    }
    return std::move(*path);
}

void read_paths(Section& section, Reader& reader, std::string_view key, std::vector<json::Path>& to) {
    const ConfigNode* const node = section.find(key);
    if (node == nullptr) return;
    const std::string what = section.path_to(key);
    if (node->kind != ConfigNode::Kind::list || node->items.empty() || node->items.size() > wire::kMaxFields) {
        reader.error(node->line, what + " is a list of 1 to 64 paths such as [/query, /items/*/id]");
        return;
    }
    for (const ConfigNode& item : node->items) {
        if (auto path = read_path(item, reader, what)) to.push_back(std::move(*path));
    }
}

void read_price(Section& section, Reader& reader, std::optional<prices::CallPrice>& to) {
    const ConfigNode* const node = section.find("price");
    if (node == nullptr) return;
    Section price(reader, *node, section.path_to("price"));
    prices::CallPrice value;
    price.usd("per_call", value.per_call, kMostPrice);
    price.usd("per_second", value.per_second, kMostPrice);
    price.finish();
    if (!price.has("per_call") && !price.has("per_second")) {
        reader.error(price.line(), section.path_to("price") + " has per_call or per_second, in USD");
        return;
    }
    to = value;
}

// A model's name becomes part of a path.
bool is_model_name(std::string_view name) {
    return !name.empty() && name.size() <= kMaxModelBytes && std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.';
    });
}

void read_model_name(Section& section, Reader& reader, std::string& to) {
    if (!section.text("model", to)) return;
    if (!is_model_name(to)) {
        reader.error(section.line_of("model"),
                     section.path_to("model") + " has 1 to 128 of the characters a-z A-Z 0-9 - _ .");
    }
}

void read_target(Section& section, Reader& reader, Draft& draft, const InferenceOptions& route, InferenceTarget& to) {
    to.line = section.line();
    gateway::ProviderOptions& server = to.server;
    if (section.require("url") != nullptr && section.text("url", server.base_url)) {
        const Result<BaseUrl> url = parse_base_url(server.base_url);
        if (!url) {
            section.wrong("url", "is not an address such as http://127.0.0.1:9000/rank: " + url.error().message);
        } else {
            server.base_url = server.base_url.ends_with('/') ? url->text + "/" : url->text;
        }
    }
    section.secret("key", server.key);
    read_headers(section, reader, server.headers);
    read_calls(section, reader, server, "url");
    read_authorities(section, draft, server.tls_ca_file);
    if (route.open_inference()) {
        to.model = route.model;
        read_model_name(section, reader, to.model);
    } else {
        section.refuse("model", "is of routes with a model: (the Open Inference Protocol)");
    }
    read_price(section, reader, to.price);
}

void read_tiers(Section& section, Reader& reader, Draft& draft, InferenceOptions& to) {
    const ConfigNode* const node = section.find("tiers");
    if (node == nullptr) return;
    const std::string path = section.path_to("tiers");
    if (node->kind != ConfigNode::Kind::list || node->items.size() > cascade::kMostModelTiers) {
        reader.error(node->line, path + " is a list of at most 4 { name: small, url: http://..., price: { ... } }");
        return;
    }
    for (const ConfigNode& item : node->items) {
        Section tier(reader, item, path);
        InferenceTarget target;
        if (tier.require("name") != nullptr) tier.text("name", target.name);
        const bool twice = std::any_of(to.tiers.begin(), to.tiers.end(),
                                       [&](const InferenceTarget& other) { return other.name == target.name; });
        if (!is_plain_name(target.name) || twice || target.name == "reference") {
            reader.error(tier.line_of("name"),
                         tier.path_to("name") + " is a name of its own, of a-z 0-9 - _ . , and not reference");
        }
        read_target(tier, reader, draft, to, target);
        if (const ConfigNode* const at = tier.find("confidence")) {
            target.confidence = read_path(*at, reader, tier.path_to("confidence"));
        }
        tier.finish();
        if (!tier.has("price")) {
            reader.error(tier.line(), path + ": a tier needs a price: without one nothing can be weighed");
        }
        to.tiers.push_back(std::move(target));
    }
}

void read_cache(Section& section, Reader& reader, InferenceOptions& to) {
    const ConfigNode* const node = section.find("cache");
    if (node == nullptr) return;
    Section cache(reader, *node, section.path_to("cache"));
    to.caches = true;
    read_paths(cache, reader, "key", to.fields.key);
    read_paths(cache, reader, "ignore", to.fields.ignore);
    cache.duration("ttl", to.ttl_micros, 1'000'000, kYear);
    cache.finish();
    if (cache.has("key") && cache.has("ignore")) {
        reader.error(cache.line_of("ignore"),
                     cache.path_to("ignore") + " beside key, which says all that counts: give one of them");
    }
}

void read_agreement(Section& section, Reader& reader, InferenceOptions& to) {
    using cascade::AgreementForm;
    if (to.open_inference()) to.agreement.at = json::Path::parse("/outputs/*/data").value_or(json::Path());
    const ConfigNode* const node = section.find("agreement");
    if (node == nullptr) return;
    Section agreement(reader, *node, section.path_to("agreement"));
    agreement.choice<AgreementForm>(
        "by", to.agreement.by,
        {{"json", AgreementForm::json}, {"number", AgreementForm::number}, {"label", AgreementForm::text}});
    if (const ConfigNode* const at = agreement.find("at")) {
        if (auto path = read_path(*at, reader, agreement.path_to("at"))) to.agreement.at = std::move(*path);
    }
    agreement.share("tolerance", to.agreement.tolerance, 0, 1);
    if (agreement.has("tolerance") && to.agreement.by == AgreementForm::text) {
        agreement.wrong("tolerance", "is of numbers: not beside by: label");
    }
    if (to.agreement.by != AgreementForm::json && !agreement.has("at") && !to.open_inference()) {
        reader.error(agreement.line(), agreement.path_to("at") + " says where the " +
                                           (to.agreement.by == AgreementForm::text ? "label" : "number") +
                                           " stands in an answer, such as /label");
    }
    agreement.finish();
}

void read_promise(Section& section, Reader& reader, InferenceOptions& to) {
    const ConfigNode* const node = section.find("promise");
    if (node == nullptr) return;
    Section promise(reader, *node, section.path_to("promise"));
    cascade::Promise value;
    constexpr double kLeastShare = 0.0001, kMostShare = 0.5;
    if (promise.require("disagreement") != nullptr) {
        promise.share("disagreement", value.disagreement, kLeastShare, kMostShare);
    }
    promise.share("confidence", value.confidence, 0.5, 0.9999);
    promise.choice<bool>("over", value.per_answer, {{"route", false}, {"answer", true}});
    promise.refuse("harm", "needs a judge of what is better: here a promise is on disagreement");
    promise.finish();
    value.line = promise.line();
    if (value.disagreement > 0) to.promise = value;
}

// Paths that Weir itself answers.
bool is_taken(std::string_view path) {
    constexpr std::array<std::string_view, 8> kTaken{
        "/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/completions",
        "/v1/embeddings",       "/v1/models",   "/health",       "/v2"};
    return std::any_of(kTaken.begin(), kTaken.end(), [path](std::string_view taken) {
        return path == taken || (path.starts_with(taken) && path[taken.size()] == '/');
    });
}

bool is_plain_path(std::string_view path) {
    constexpr std::size_t kMaxPath = 256;
    return path.size() > 1 && path.size() <= kMaxPath && path[0] == '/' && path.find("//") == std::string_view::npos &&
           path.find("..") == std::string_view::npos && std::all_of(path.begin(), path.end(), [](char c) {
               return c > 0x20 && c < 0x7f && std::string_view("?#%\\\"").find(c) == std::string_view::npos;
           });
}

void read_place(Section& section, Reader& reader, InferenceOptions& to) {
    const bool has_path = section.text("path", to.path);
    read_model_name(section, reader, to.model);
    if (section.has("path") == section.has("model")) {
        reader.error(section.line(), section.path_to("path") +
                                         ": a route has a path (a JSON POST endpoint) or a model (the Open Inference "
                                         "Protocol): give one");
    } else if (has_path && !is_plain_path(to.path)) {
        section.wrong("path", "is no path such as /rank: 2 to 256 visible characters, no query, no %, no ..");
    } else if (has_path && is_taken(to.path)) {
        section.wrong("path", "is one that Weir answers itself");
    }
}

void check_route(Section& section, Reader& reader, const Draft& draft, const InferenceOptions& to) {
    const auto& cascades = draft.options.cascades;
    if (std::any_of(cascades.begin(), cascades.end(), [&](const auto& other) { return other.name == to.name; })) {
        reader.error(to.line, "inference." + to.name + ": a cascade has the same name, and reports go by names");
    }
    for (const InferenceOptions& other : draft.options.inference) {
        if (other.path == to.path && other.model == to.model) {
            reader.error(to.line, "inference." + to.name + ": inference." + other.name + " has the same path or model");
        }
    }
    if (to.tiers.empty()) {
        for (const std::string_view key : {"promise", "audit", "hold_out", "tier_timeout"}) {
            if (section.has(key))
                reader.error(section.line_of(key), section.path_to(key) + " is of tiers, and there are none");
        }
        return;
    }
    if (!section.has("promise")) {
        reader.error(to.line, "inference." + to.name + ".promise: without one no tier may ever answer");
    }
    if (!to.reference.price) {
        reader.error(to.reference.line,
                     "inference." + to.name + ".reference.price: without it nothing can be weighed against the tiers");
    }
}

void read_route(const ConfigNode::Entry& entry, Reader& reader, Draft& draft) {
    if (!is_plain_name(entry.key)) {
        reader.error(entry.line, "an inference route's name has 1 to 64 of the characters a-z 0-9 - _ . , unlike " +
                                     quote(entry.key));
        return;
    }
    InferenceOptions to;
    to.name = entry.key;
    to.line = entry.line;
    Section section(reader, entry.value, "inference." + entry.key);
    read_place(section, reader, to);
    to.reference.name = "reference";
    if (const ConfigNode* const node = section.require("reference")) {
        Section reference(reader, *node, section.path_to("reference"));
        read_target(reference, reader, draft, to, to.reference);
        reference.finish();
    }
    read_tiers(section, reader, draft, to);
    read_cache(section, reader, to);
    read_agreement(section, reader, to);
    read_promise(section, reader, to);
    constexpr double kLeastAudit = 0.001, kMostAudit = 0.5;
    section.share("audit", to.audit, kLeastAudit, kMostAudit);
    section.share("hold_out", to.hold_out, 0, kMostAudit);
    section.duration("tier_timeout", to.tier_timeout_micros, 100'000, 600'000'000);
    section.choice<cascade::Mode>("mode", to.mode,
                                  {{"off", cascade::Mode::off},
                                   {"observe", cascade::Mode::observe},
                                   {"shadow", cascade::Mode::shadow},
                                   {"serve", cascade::Mode::serve}});
    section.finish();
    check_route(section, reader, draft, to);
    draft.options.inference.push_back(std::move(to));
}

}  // namespace

void read_inference(Section& top, Reader& reader, Draft& draft) {
    const ConfigNode* const node = top.find("inference");
    if (node == nullptr) return;
    if (node->kind != ConfigNode::Kind::map || node->entries.size() > gateway::kMaxInferenceRoutes) {
        reader.error(node->line,
                     "inference is a map of at most 1,000 NAME: { path: /rank, reference: { url: http://... } }");
        return;
    }
    for (const ConfigNode::Entry& entry : node->entries) read_route(entry, reader, draft);
}

}  // namespace weir::cli
