#include "cli/litellm_plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "cli/config_draft.h"
#include "cli/config_values.h"
#include "cli/litellm_prices.h"
#include "cli/litellm_weights.h"
#include "tiers/model/endpoints.h"

namespace weir::cli {
namespace {

constexpr std::size_t kMaxFallbacks = 8;
constexpr std::uint64_t kMaxInFlight = 1'000'000;
constexpr std::size_t kMaxModelBytes = 256;

using Endpoint = LitellmPlan::Endpoint;
using Provider = LitellmPlan::Provider;
using Model = LitellmPlan::Model;

// Deployments of one model_name that differ in address, key and weight alone.
struct Lane {
    std::size_t provider = 0;
    const LitellmDeployment* first = nullptr;
    std::string upstream_name;
    std::size_t model = 0;  // its entry, once it has one
};

struct Group {
    std::string name;
    std::vector<Lane> lanes;  // in the order in which they are asked
    bool entered = false;     // it has a model of its own
    std::string alias_of;
};

bool same_provider_form(const LitellmDeployment& a, const LitellmDeployment& b) {
    return a.kind == b.kind && a.api == b.api && a.key_header == b.key_header && a.query == b.query &&
           a.headers == b.headers && a.drop_unsupported == b.drop_unsupported;
}

bool same_lane(const LitellmDeployment& a, const LitellmDeployment& b) {
    const bool same_name = (a.name_in_url && b.name_in_url) || a.upstream_name == b.upstream_name;
    return same_provider_form(a, b) && same_name && a.order == b.order && a.price == b.price &&
           a.max_output == b.max_output;
}

bool is_wild(std::string_view name) {
    return name.find('*') != std::string_view::npos;
}

// "openai" of "openai/gpt-4o"; empty: none that could be a provider's name.
std::string prefix_of(const std::string& name) {
    const std::size_t slash = name.find('/');
    const std::string prefix = slash == std::string::npos ? "" : name.substr(0, slash);
    return is_plain_name(prefix) ? prefix : "";
}

class Planner {
  public:
    Planner(const std::vector<LitellmDeployment>& deployments, const LitellmSettings& settings, LitellmContext& context)
        : deployments_(deployments), settings_(settings), tale_(context.tale), weighted_(context.weighted) {}

    LitellmPlan plan() {
        gather();
        for (Wild& one : wilds_) plan_wildcard(one);
        if (plan_.providers.size() > kMaxLitellmProviders) return std::move(plan_);
        add_aliases();
        name_providers();
        enter_models();
        add_fallbacks();
        for (Model& model : plan_.models) {
            model.full_name = full_name(model);
            say_price(model);
        }
        drop_unused();
        return std::move(plan_);
    }

  private:
    struct Wild {
        std::string name;
        std::vector<const LitellmDeployment*> deployments;
    };

    void not_carried(const LitellmDeployment& one, std::string why) {
        tale_.not_carried.push_back({one.path, one.line, std::move(why)});
    }
    std::string full_name(const Model& model) const { return plan_.providers[model.provider].name + "/" + model.name; }

    void gather();
    std::vector<Lane> lanes_of(const std::vector<const LitellmDeployment*>& deployments, bool wild);
    std::size_t provider_of(const std::vector<const LitellmDeployment*>& lane);
    void plan_wildcard(const Wild& one);
    void add_aliases();
    void name_providers();
    void enter_models();
    bool enter_primary(Group& group);
    std::size_t enter_fallback(const Group& group, const Lane& lane);
    Group* find_group(const std::string& name);
    void add_fallbacks();
    void add_fallbacks_of(Group& group, const LitellmFallbacks* said);
    void say_price(Model& model);
    void drop_unused();

    const std::vector<LitellmDeployment>& deployments_;
    const LitellmSettings& settings_;
    LitellmTale& tale_;
    const bool weighted_;
    LitellmPlan plan_;
    std::vector<Group> groups_;
    std::map<std::string, std::size_t> group_at_;
    std::vector<Wild> wilds_;
    std::map<std::string, std::size_t> claims_;  // "openai" of "openai/*" -> its provider
    std::set<std::size_t> own_claims_;           // providers that bear such a name
    std::map<std::string, std::size_t> model_at_;
};

void Planner::gather() {
    std::vector<std::string> order;
    std::map<std::string, std::vector<const LitellmDeployment*>> by_name;
    for (const LitellmDeployment& one : deployments_) {
        auto& of_name = by_name[one.name];
        if (of_name.empty()) order.push_back(one.name);
        of_name.push_back(&one);
    }
    for (const std::string& name : order) {
        const bool star_upstream =
            std::any_of(by_name[name].begin(), by_name[name].end(),
                        [](const LitellmDeployment* one) { return is_wild(one->upstream_name); });
        if (is_wild(name)) {
            wilds_.push_back({name, by_name[name]});
        } else if (star_upstream) {
            for (const LitellmDeployment* const one : by_name[name]) {
                not_carried(*one, quote(name) + " stands for one model, its litellm_params.model for many");
            }
        } else {
            group_at_.emplace(name, groups_.size());
            groups_.push_back({name, lanes_of(by_name[name], false), false, {}});
        }
    }
}

std::vector<Lane> Planner::lanes_of(const std::vector<const LitellmDeployment*>& deployments, bool wild) {
    std::vector<const LitellmDeployment*> sorted = deployments;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const LitellmDeployment* a, const LitellmDeployment* b) { return a->order < b->order; });
    std::vector<std::vector<const LitellmDeployment*>> lanes;
    for (const LitellmDeployment* const one : sorted) {
        const auto lane = std::find_if(lanes.begin(), lanes.end(),
                                       [one](const auto& each) { return same_lane(*each.front(), *one); });
        if (lane == lanes.end()) {
            lanes.push_back({one});
        } else if (lane->size() < tiers::kMaxEndpoints) {
            lane->push_back(one);
        } else {
            not_carried(*one, "at most 32 endpoints a provider");
        }
    }
    std::vector<Lane> out;
    for (const auto& lane : lanes) {
        if (wild && !out.empty()) {
            for (const auto* const one : lane) {
                not_carried(*one, "a wildcard goes to one provider; the first one has it");
            }
            continue;
        }
        if (!out.empty() && lane.front()->order == lanes.front().front()->order) {
            tale_.changed.push_back({lane.front()->path, lane.front()->line,
                                     "a fallback of the deployments of " + quote(lane.front()->name) +
                                         " before it: Weir balances among endpoints of one provider and model"});
        }
        out.push_back({provider_of(lane), lane.front(), lane.front()->upstream_name, 0});
    }
    return out;
}

std::size_t Planner::provider_of(const std::vector<const LitellmDeployment*>& lane) {
    const std::vector<std::uint64_t> weights = litellm_weights(lane);
    Provider wanted;
    wanted.form = *lane.front();
    bool limited = true;
    std::uint64_t parallel = 0;
    for (std::size_t i = 0; i < lane.size(); ++i) {
        const LitellmDeployment& one = *lane[i];
        if (weights[i] == 0) {
            not_carried(one, "its share is 0: it is asked only while the others of its name are not");
            continue;
        }
        const auto twice = std::find_if(wanted.endpoints.begin(), wanted.endpoints.end(), [&one](const Endpoint& each) {
            return each.base_url == one.base_url && each.key == one.key;
        });
        if (twice != wanted.endpoints.end()) {
            twice->weight = std::min(kMaxLitellmWeight, twice->weight + weights[i]);
        } else {
            wanted.endpoints.push_back({one.base_url, one.key, weights[i]});
        }
        limited = limited && one.parallel;
        parallel += one.parallel.value_or(0);
        if (one.retries) {
            wanted.has_retries = true;
            wanted.retries = std::max(wanted.retries, *one.retries);
        }
    }
    wanted.weighted = weighted_ && wanted.endpoints.size() > 1;
    if (wanted.endpoints.size() == 1) wanted.endpoints.front().weight = 1;
    wanted.in_flight = limited ? std::min(kMaxInFlight, parallel) : 0;
    const auto known = std::find_if(plan_.providers.begin(), plan_.providers.end(), [&](const Provider& each) {
        return same_provider_form(each.form, wanted.form) && each.endpoints == wanted.endpoints;
    });
    if (known == plan_.providers.end()) {
        plan_.providers.push_back(std::move(wanted));
        return plan_.providers.size() - 1;
    }
    // No limit where one of its models has none.
    known->in_flight = known->in_flight == 0 || wanted.in_flight == 0
                           ? 0
                           : std::min(kMaxInFlight, known->in_flight + wanted.in_flight);
    known->has_retries = known->has_retries || wanted.has_retries;
    known->retries = std::max(known->retries, wanted.retries);
    return static_cast<std::size_t>(known - plan_.providers.begin());
}

void Planner::plan_wildcard(const Wild& one) {
    const LitellmDeployment& first = *one.deployments.front();
    const std::string prefix = prefix_of(one.name);
    const bool prefixed = !prefix.empty() && one.name == prefix + "/*";
    const std::string& upstream = first.upstream_name;
    // What callers ask for has to be what goes up: "openai/*" -> "*", "*" -> "*", "gpt-*" -> "gpt-*".
    const bool same = prefixed ? upstream == "*" : upstream == one.name || (one.name == "*" && upstream == "*");
    const bool slashed = !prefixed && one.name.find('/') != std::string::npos;
    if (!same || slashed || first.name_in_url) {
        for (const LitellmDeployment* const each : one.deployments) {
            not_carried(*each, first.name_in_url ? "Azure's addresses name each deployment: list them"
                                                 : "a wildcard goes up as it is asked for: " + quote(one.name) +
                                                       " would have to become " + quote(upstream));
        }
        return;
    }
    std::size_t provider = lanes_of(one.deployments, true).front().provider;
    if (prefixed) {
        if (!own_claims_.insert(provider).second) {  // it bears another name already
            plan_.providers.push_back(plan_.providers[provider]);
            provider = plan_.providers.size() - 1;
            own_claims_.insert(provider);
        }
        claims_.emplace(prefix, provider);
        plan_.providers[provider].name = prefix;
    }
    plan_.wildcards.push_back({one.name, provider, prefixed, first.line});
}

void Planner::add_aliases() {
    for (const LitellmAlias& alias : settings_.aliases) {
        const auto refuse = [&](const std::string& why) { tale_.not_carried.push_back({alias.path, alias.line, why}); };
        const bool plain =
            !alias.name.empty() && alias.name.size() <= kMaxModelBytes && !is_wild(alias.name) &&
            alias.name.find("${") == std::string::npos &&
            std::all_of(alias.name.begin(), alias.name.end(), [](char c) { return c > 0x20 && c < 0x7F; });
        const Group* const target = find_group(alias.target);
        if (!plain) {
            refuse("not a model's name");
        } else if (group_at_.contains(alias.name)) {
            refuse("there is a model_name " + quote(alias.name) + ", which counts");
        } else if (target == nullptr) {
            refuse("there is no model " + quote(alias.target));
        } else {
            group_at_.emplace(alias.name, groups_.size());
            groups_.push_back({alias.name, target->lanes, false, alias.target});
        }
    }
}

void Planner::name_providers() {
    std::set<std::string> taken;
    for (const auto& [prefix, provider] : claims_) taken.insert(prefix);
    // A provider that bears the part before a model_name's slash would be asked for what is behind it.
    std::map<std::string, std::set<std::size_t>> prefixes;
    for (const Group& group : groups_) {
        const std::string prefix = prefix_of(group.name);
        if (!prefix.empty() && !group.lanes.empty()) prefixes[prefix].insert(group.lanes.front().provider);
    }
    for (std::size_t i = 0; i < plan_.providers.size(); ++i) {
        Provider& provider = plan_.providers[i];
        if (!provider.name.empty()) continue;
        const std::string& wanted = provider.form.provider;
        const auto free = [&](const std::string& name) {
            if (taken.contains(name)) return false;
            const auto asked = prefixes.find(name);
            return asked == prefixes.end() || (asked->second.size() == 1 && asked->second.contains(i));
        };
        provider.name = wanted;
        for (int number = 2; !free(provider.name); ++number) provider.name = wanted + "-" + std::to_string(number);
        taken.insert(provider.name);
    }
}

bool Planner::enter_primary(Group& group) {
    const Lane& lane = group.lanes.front();
    const Provider& provider = plan_.providers[lane.provider];
    const std::string prefix = prefix_of(group.name);
    const bool own = !prefix.empty() && prefix == provider.name;
    const auto claimed = claims_.find(prefix);
    if (!prefix.empty() && claimed != claims_.end() && !own) {
        not_carried(*lane.first, quote(group.name) + ": " + prefix +
                                     "/* goes to another provider; give the model a name without " + prefix + "/");
        return false;
    }
    Model model{lane.provider,
                own ? group.name.substr(prefix.size() + 1) : group.name,
                group.name,
                lane.first->line,
                lane.upstream_name,
                lane.first->price,
                lane.first->price_note,
                lane.first->max_output,
                {},
                {}};
    if (model.name.empty()) {
        not_carried(*lane.first, quote(group.name) + " has nothing behind its slash");
        return false;
    }
    const std::string full = full_name(model);
    const auto known = model_at_.find(full);
    if (known == model_at_.end()) {
        group.lanes.front().model = plan_.models.size();
        model_at_.emplace(full, plan_.models.size());
        plan_.models.push_back(std::move(model));
        return true;
    }
    const Model& other = plan_.models[known->second];
    if (other.upstream_name == model.upstream_name && other.price == model.price &&
        other.max_output == model.max_output) {
        group.lanes.front().model = known->second;
        return true;
    }
    not_carried(*lane.first, quote(group.name) + " would be called " + full + ", as " + quote(other.asked_for) +
                                 " is; give one of them another name");
    return false;
}

std::size_t Planner::enter_fallback(const Group& group, const Lane& lane) {
    for (std::size_t i = 0; i < plan_.models.size(); ++i) {
        const Model& one = plan_.models[i];
        if (one.provider == lane.provider && one.upstream_name == lane.upstream_name &&
            one.price == lane.first->price && one.max_output == lane.first->max_output) {
            return i;
        }
    }
    constexpr std::size_t kPlaceForNumber = 8;
    const std::string name = group.name.substr(0, kMaxModelBytes - kPlaceForNumber);
    Model model{lane.provider,
                name,
                group.name,
                lane.first->line,
                lane.upstream_name,
                lane.first->price,
                lane.first->price_note,
                lane.first->max_output,
                {},
                {}};
    for (int number = 2; model_at_.contains(full_name(model)); ++number)
        model.name = name + "-" + std::to_string(number);
    model_at_.emplace(full_name(model), plan_.models.size());
    plan_.models.push_back(std::move(model));
    return plan_.models.size() - 1;
}

// The first model of a bare name is the one that is found by it: so those that callers ask for stand first, and of
// these the ones whose name is not the provider's with a slash.
void Planner::enter_models() {
    for (const bool prefixed : {false, true}) {
        for (Group& group : groups_) {
            if (group.lanes.empty()) continue;
            const bool own = prefix_of(group.name) == plan_.providers[group.lanes.front().provider].name;
            if (own == prefixed) group.entered = enter_primary(group);
        }
    }
    for (Group& group : groups_) {
        for (std::size_t i = 1; group.entered && i < group.lanes.size(); ++i) {
            group.lanes[i].model = enter_fallback(group, group.lanes[i]);
        }
    }
}

// By its name, or as one of those that a wildcard stands for.
Group* Planner::find_group(const std::string& name) {
    const auto known = group_at_.find(name);
    if (known != group_at_.end()) return &groups_[known->second];
    const std::string prefix = prefix_of(name);
    const auto claimed = claims_.find(prefix);
    if (claimed == claims_.end() || name.size() > kMaxModelBytes || name.size() == prefix.size() + 1 || is_wild(name) ||
        name.find("${") != std::string::npos ||
        !std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7F; })) {
        return nullptr;
    }
    const Lane lane{claimed->second, &plan_.providers[claimed->second].form, name.substr(prefix.size() + 1), 0};
    group_at_.emplace(name, groups_.size());
    groups_.push_back({name, {lane}, false, {}});
    return &groups_.back();
}

void Planner::add_fallbacks_of(Group& group, const LitellmFallbacks* said) {
    std::vector<std::string> names;
    const std::size_t own = group.lanes.front().model;
    const auto add = [&](std::size_t model) {
        const std::string full = full_name(plan_.models[model]);
        if (model != own && std::find(names.begin(), names.end(), full) == names.end()) names.push_back(full);
    };
    for (std::size_t i = 1; i < group.lanes.size(); ++i) add(group.lanes[i].model);
    for (std::size_t i = 0; said != nullptr && i < said->names.size(); ++i) {
        const auto target = group_at_.find(said->names[i]);
        if (target == group_at_.end() || !groups_[target->second].entered) continue;  // told of already
        for (const Lane& lane : groups_[target->second].lanes) add(lane.model);
    }
    if (names.size() > kMaxFallbacks) {
        const LitellmDeployment& first = *group.lanes.front().first;
        not_carried(first, quote(group.name) + ": at most 8 fallbacks a model; left out: " +
                               std::to_string(names.size() - kMaxFallbacks));
        names.resize(kMaxFallbacks);
    }
    Model& model = plan_.models[own];
    if (model.fallbacks.empty()) model.fallbacks = std::move(names);
}

void Planner::add_fallbacks() {
    std::map<std::string, const LitellmFallbacks*> said;
    const LitellmFallbacks* rest = nullptr;
    for (const LitellmFallbacks& each : settings_.fallbacks) {
        const auto refuse = [&](const std::string& why) { tale_.not_carried.push_back({each.path, each.line, why}); };
        for (const std::string& name : each.names) {
            // One that only a wildcard stands for gets an entry of its own.
            Group* const target = find_group(name);
            if (target != nullptr && !target->entered) target->entered = enter_primary(*target);
            if (target == nullptr || !target->entered) refuse("there is no model " + quote(name) + " to fall back to");
        }
        if (each.of == "*") {
            if (rest == nullptr) rest = &each;
            continue;
        }
        Group* const group = find_group(each.of);
        if (group != nullptr && !group->entered) group->entered = enter_primary(*group);
        if (group == nullptr || !group->entered) {
            refuse("there is no model " + quote(each.of) + " that would need it");
        } else if (!said.emplace(each.of, &each).second) {
            refuse("fallbacks of " + quote(each.of) + " stand there already");
        }
    }
    for (Group& group : groups_) {
        if (!group.entered) continue;
        auto own = said.find(group.name);
        if (own == said.end()) own = said.find(group.alias_of);
        add_fallbacks_of(group, own == said.end() ? rest : own->second);
    }
}

// Weir looks for a price by the model's own name first: one that only bears another model's name would cost as that
// does.
void Planner::say_price(Model& model) {
    static const prices::PriceTable table = prices::PriceTable::built_in();
    if (model.price || model.name == model.upstream_name) return;
    const std::string& provider = plan_.providers[model.provider].name;
    const prices::Price* const named = table.find(provider, model.name);
    const prices::Price* const meant = table.find(provider, model.upstream_name);
    if (named == nullptr || named == meant) return;
    if (meant != nullptr) {
        model.price = litellm_price_of(*meant);
        model.price_note = "as of " + model.upstream_name;
        return;
    }
    tale_.changed.push_back({"model_list", model.line,
                             model.full_name + " is taken to cost what " + model.name +
                                 " does, for no price is known of " + quote(model.upstream_name) +
                                 "; if that is wrong, give it a price"});
}

// Providers that nothing is left of.
void Planner::drop_unused() {
    std::set<std::size_t> used;
    for (const Model& model : plan_.models) used.insert(model.provider);
    for (const LitellmPlan::Wildcard& wild : plan_.wildcards) used.insert(wild.provider);
    std::vector<std::size_t> now(plan_.providers.size());
    std::vector<Provider> kept;
    for (std::size_t i = 0; i < plan_.providers.size(); ++i) {
        now[i] = kept.size();
        if (used.contains(i)) kept.push_back(std::move(plan_.providers[i]));
    }
    plan_.providers = std::move(kept);
    for (Model& model : plan_.models) model.provider = now[model.provider];
    for (LitellmPlan::Wildcard& wild : plan_.wildcards) wild.provider = now[wild.provider];
}

}  // namespace

LitellmPlan plan_litellm(const std::vector<LitellmDeployment>& deployments, const LitellmSettings& settings,
                         LitellmContext& context) {
    return Planner(deployments, settings, context).plan();
}

}  // namespace weir::cli
