// Whether the parts of the configuration fit together, and what deserves a warning.
#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "cli/config_draft.h"
#include "cli/config_values.h"
#include "limits/keys.h"

namespace weir::cli {
namespace {

constexpr std::size_t kMaxGlobsInAll = 10'000;

bool is_wild(std::string_view glob) {
    return glob.find_first_of("*?") != std::string_view::npos;
}

std::vector<std::string_view> provider_names(const gateway::Options& options) {
    std::vector<std::string_view> names;
    for (const auto& [name, provider] : options.providers) names.push_back(name);
    return names;
}

void check_addresses(Reader& reader, const Draft& draft) {
    const gateway::Options& options = draft.options;
    if (!draft.has_keys && !options.require_key && !is_loopback(options.listen.host)) {
        reader.error(draft.listen_line,
                     "listen: without keys: only a loopback address such as 127.0.0.1 is allowed, "
                     "or everybody who reaches it spends your money; require_key: true asks for keys that are made "
                     "with weir keys");
    }
    if (!is_loopback(options.admin.host)) {
        if (!draft.has_admin_tokens) {
            reader.error(draft.admin_line,
                         "admin: without admin_access: only a loopback address such as 127.0.0.1 is allowed, or "
                         "everybody who reaches it sees and changes everything");
        } else {
            reader.warning(draft.admin_line,
                           "admin: tokens and answers go over the network as they are (no TLS there): put a proxy with "
                           "TLS in front of it");
        }
    }
    if (options.listen.port != 0 && options.listen.port == options.admin.port &&
        options.listen.host == options.admin.host) {
        reader.error(draft.admin_line, "admin and listen are the same address");
    }
}

void check_keys(Reader& reader, const Draft& draft) {
    limits::KeyRing ring;
    for (const gateway::KeyOptions& key : draft.options.keys) {
        const std::size_t before = ring.size();
        limits::Caller caller;
        auto tenant = std::make_shared<limits::Tenant>();
        tenant->name = key.tenant;
        caller.tenant = std::move(tenant);
        if (const Result<void> added = ring.add(key.key, std::move(caller)); !added) {
            reader.error(key.line, "keys: " + added.error().message);
        } else if (ring.size() == before) {
            reader.error(key.line, "keys: tenant " + key.tenant + " has this key already");
        }
    }
}

void check_model_providers(Reader& reader, const Draft& draft) {
    const std::vector<std::string_view> names = provider_names(draft.options);
    std::set<std::pair<std::string, int>> said;  // a tier's model was entered among the models, with its line
    for (const gateway::ModelOptions& model : draft.options.models) {
        if (draft.options.providers.contains(model.provider)) continue;
        if (!said.emplace(model.provider, model.line).second) continue;
        const std::string_view meant = closest(model.provider, names);
        reader.error(model.line, model.full_name() + ": there is no provider " + quote(model.provider) +
                                     (meant.empty() ? "" : " (did you mean " + std::string(meant) + "?)") +
                                     (names.empty() ? "" : "; there are: " + join(names)));
    }
}

// Every tier's model stands among the models afterwards.
void enter_tier_models(Draft& draft) {
    gateway::Options& options = draft.options;
    std::set<std::string> listed;
    for (const gateway::ModelOptions& model : options.models) listed.insert(model.full_name());
    for (const cascade::CascadeOptions& each : options.cascades) {
        for (const cascade::TierOptions& tier : each.tiers) {
            if (tier.kind != cascade::TierKind::model || !listed.insert(tier.model).second) continue;
            const std::optional<ModelName> name = parse_model_name(tier.model);
            if (!name) continue;
            gateway::ModelOptions model;
            model.provider = name->provider;
            model.name = name->model;
            model.upstream_name = name->model;
            model.line = tier.line;
            options.models.push_back(std::move(model));
        }
    }
}

// How the answers of a cascade are compared. A judge has to be listed: a slip in its name would cost money unseen.
void check_agreement(Reader& reader, const Draft& draft) {
    std::vector<std::string> names;
    for (const gateway::ModelOptions& model : draft.options.models) names.push_back(model.full_name());
    const std::vector<std::string_view> known(names.begin(), names.end());
    for (const cascade::CascadeOptions& each : draft.options.cascades) {
        const cascade::AgreementOptions& agreement = each.agreement;
        const std::string path = "cascades." + each.name + ".agreement";
        const std::string& judge = agreement.judge;
        if (!judge.empty() && std::find(names.begin(), names.end(), judge) == names.end()) {
            const std::string_view meant = closest(judge, known);
            reader.error(agreement.judge_line,
                         path + ".judge: there is no model " + quote(judge) +
                             (meant.empty() ? "" : " (did you mean " + std::string(meant) + "?)") +
                             "; list it under models:");
        }
        if ((agreement.similarity || agreement.difference) && !draft.options.embedding) {
            reader.warning(agreement.line,
                           path + ": similarity and difference are not used: there is no embedding: model");
        }
    }
}

// Fallbacks have to be listed, as judges have.
void check_fallbacks(Reader& reader, const Draft& draft) {
    std::vector<std::string> names;
    for (const gateway::ModelOptions& model : draft.options.models) names.push_back(model.full_name());
    const std::vector<std::string_view> known(names.begin(), names.end());
    for (const gateway::ModelOptions& model : draft.options.models) {
        const std::string path = "models." + model.full_name() + ".fallbacks: ";
        for (const std::string& fallback : model.fallbacks) {
            if (fallback == model.full_name()) {
                reader.error(model.line, path + "a model is no fallback of itself");
            } else if (std::find(names.begin(), names.end(), fallback) == names.end()) {
                const std::string_view meant = closest(fallback, known);
                reader.error(model.line, path + "there is no model " + quote(fallback) +
                                             (meant.empty() ? "" : " (did you mean " + std::string(meant) + "?)") +
                                             "; list it under models:");
            }
        }
    }
}

void check_globs(Reader& reader, const Draft& draft) {
    std::map<std::string_view, const cascade::CascadeOptions*> first;  // every glob -> the cascade that has it first
    std::vector<std::pair<std::string_view, const cascade::CascadeOptions*>> wild;
    std::size_t globs = 0;
    for (const cascade::CascadeOptions& each : draft.options.cascades) globs += each.match_models.size();
    if (globs > kMaxGlobsInAll) {
        reader.error(draft.cascades_line, "cascades match more than 10,000 names and globs in all");
        return;
    }
    for (const cascade::CascadeOptions& each : draft.options.cascades) {
        for (const std::string& glob : each.match_models) {
            if (const auto [at, added] = first.try_emplace(glob, &each); !added) {
                reader.warning(each.line, "cascades." + each.name + ".match: " + quote(glob) +
                                              " is matched by cascade " + at->second->name + " already (line " +
                                              std::to_string(at->second->line) + "); the first one wins");
                continue;
            }
            if (is_wild(glob)) {
                wild.emplace_back(glob, &each);
                continue;
            }
            for (const auto& [earlier, cascade] : wild) {
                if (cascade == &each || !cascade::glob_match(earlier, glob)) continue;
                reader.warning(each.line, "cascades." + each.name + ".match: " + quote(glob) + " is covered by " +
                                              quote(earlier) + " of cascade " + cascade->name + " (line " +
                                              std::to_string(cascade->line) + "); the first one wins");
                break;
            }
        }
    }
}

void check_providers(Reader& reader, const Draft& draft) {
    for (const auto& [name, provider] : draft.options.providers) {
        if (provider.key.empty() || provider.base_url.empty()) continue;
        const Result<BaseUrl> url = parse_base_url(provider.base_url);
        if (url && !url->tls && !is_loopback(url->host)) {
            reader.warning(provider.line, "providers." + name + ": its key is sent over http:// unencrypted");
        }
    }
}

void check_files(Reader& reader, const Draft& draft, const LoadSettings& settings) {
    if (!settings.readable) return;
    for (const Draft::File& file : draft.files) {
        if (settings.readable(file.path)) continue;
        reader.error(file.line, file.what + ": no readable file there (relative paths begin at the current folder)");
    }
}

void check_adapters(Reader& reader, const Draft& draft, const LoadSettings& settings) {
    if (!settings.adapter_fits) return;
    const auto there = [&](const std::string& path) { return !settings.readable || settings.readable(path); };
    for (const Draft::Adapter& adapter : draft.adapters) {
        if (!there(adapter.path) || !there(adapter.model_file)) continue;  // said
        const Result<void> fits = settings.adapter_fits(adapter.model_file, adapter.path);
        if (!fits) reader.error(adapter.line, adapter.what + ": " + fits.error().message);
    }
}

void check_certificates(Reader& reader, const Draft& draft, const LoadSettings& settings) {
    if (!settings.secrets) return;  // nobody is served
    const auto there = [&](const std::string& path) { return !settings.readable || settings.readable(path); };
    const gateway::Options& options = draft.options;
    const std::string &certificate = options.tls_certificate_file, &key = options.tls_key_file;
    if (settings.certificate_fits && !certificate.empty() && !key.empty() && there(certificate) && there(key)) {
        if (const Result<void> fits = settings.certificate_fits(certificate, key); !fits) {
            reader.error(draft.tls_line, "tls: " + fits.error().message);
        }
    }
    if (!settings.authorities_fit) return;
    for (const Draft::File& file : draft.authorities) {
        if (!there(file.path)) continue;  // said
        if (const Result<void> fits = settings.authorities_fit(file.path); !fits) {
            reader.error(file.line, file.what + ": " + fits.error().message);
        }
    }
}

void check_prices(Reader& reader, const Draft& draft, const LoadSettings& settings) {
    if (!settings.prices) return;
    const gateway::Options& options = draft.options;
    if (!options.prices_file.empty() && settings.readable && !settings.readable(options.prices_file)) return;  // said
    const Result<PriceLookup> known = settings.prices(options.prices_file);
    if (!known) {
        reader.error(draft.prices_line, "prices: " + known.error().message);
        return;
    }
    for (const gateway::ModelOptions& model : options.models) {
        if (model.price || (*known)(model.provider, model.name)) continue;
        if ((*known)(model.provider, model.upstream_name)) continue;  // as gateway/model_directory.cpp looks it up
        reader.warning(model.line, model.full_name() +
                                       " has no known price: what it costs and saves is reported as "
                                       "unknown; give it one under models:");
    }
    // References that are named in full.
    std::set<std::string> listed;
    for (const gateway::ModelOptions& model : options.models) listed.insert(model.full_name());
    for (const cascade::CascadeOptions& each : options.cascades) {
        if (each.reference_provider.empty()) continue;
        for (const std::string& glob : each.match_models) {
            if (is_wild(glob)) continue;
            const std::string reference = each.reference_provider + "/" + glob;
            if ((*known)(each.reference_provider, glob) || !listed.insert(reference).second) continue;
            reader.warning(each.line, reference +
                                          ", a reference, has no known price: no saving is claimed against it; "
                                          "give it one under models:");
        }
    }
}

}  // namespace

void cross_check(Reader& reader, Draft& draft, const LoadSettings& settings) {
    enter_tier_models(draft);
    check_addresses(reader, draft);
    check_keys(reader, draft);
    check_model_providers(reader, draft);
    check_agreement(reader, draft);
    check_fallbacks(reader, draft);
    check_examples(reader, draft);
    check_globs(reader, draft);
    check_providers(reader, draft);
    check_files(reader, draft, settings);
    check_adapters(reader, draft, settings);
    check_certificates(reader, draft, settings);
    check_prices(reader, draft, settings);
    if (draft.options.cascades.empty() && !reader.failed()) {
        reader.warning(draft.cascades_line, "no cascades: every request is answered by the model that it asks for");
    }
}

}  // namespace weir::cli
