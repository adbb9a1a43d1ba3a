// What a cascade keeps to learn from (`store:`), and whether its providers allow that.
#include <algorithm>
#include <set>

#include "cli/config_draft.h"
#include "cli/config_values.h"
#include "text/redaction.h"

namespace weir::cli {
namespace {

using store::ExampleKeeping;

constexpr Micros kHour = 3'600'000'000;
constexpr Micros kDay = 24 * kHour;
constexpr std::uint64_t kMostExamples = 10'000'000;

// Read one by one, so that each mistake is told.
void read_redaction(Section& section, Reader& reader, std::vector<std::string>& to) {
    const ConfigNode* const node = section.find("redact");
    if (node == nullptr) return;
    const std::string path = section.path_to("redact");
    to = reader.texts(*node, path, text::Redaction::kMostRules);
    for (const std::string& rule : to) {
        const auto made = text::Redaction::make(std::span(&rule, 1));
        if (made) continue;
        if (rule.size() >= 2 && rule.front() == '/' && rule.back() == '/') {
            const auto problem = text::Pattern::compile(std::string_view(rule).substr(1, rule.size() - 2));
            reader.error(node->line, path + ": " + quote(rule) + ": " + (problem ? "" : problem.error().message));
            continue;
        }
        const std::string_view meant = closest(rule, text::Redaction::kKinds);
        reader.error(node->line, path + ": " + quote(rule) + " is none of email, phone, card, iban" +
                                     (meant.empty() ? "" : " (did you mean " + std::string(meant) + "?)") +
                                     ", nor a pattern between slashes such as \"/ACME-[0-9]+/\"");
    }
}

// Who may answer as the cascade's reference, as far as its names tell; `others`: they don't tell of all of them.
std::set<std::string> reference_providers(const cascade::CascadeOptions& cascade, const gateway::Options& options,
                                          bool& others) {
    std::set<std::string> providers;
    for (const std::string& name : cascade.match_models) {
        const std::optional<ModelName> full = parse_model_name(name);
        const auto configured =
            std::find_if(options.models.begin(), options.models.end(), [&](const gateway::ModelOptions& model) {
                return model.name == name &&
                       (cascade.reference_provider.empty() || model.provider == cascade.reference_provider);
            });
        if (full && options.providers.contains(full->provider)) {
            providers.insert(full->provider);
        } else if (configured != options.models.end()) {
            providers.insert(configured->provider);
        } else if (!cascade.reference_provider.empty()) {
            providers.insert(cascade.reference_provider);
        } else {
            others = true;
        }
    }
    return providers;
}

}  // namespace

void read_examples(Section& cascade, Reader& reader, store::ExampleOptions& to) {
    const ConfigNode* const node = cascade.find("store");
    if (node == nullptr) return;
    to.line = node->line;
    const auto what = [&to](Section& section, std::string_view key) {
        section.choice<ExampleKeeping>(
            key, to.keeping,
            {{"none", ExampleKeeping::none}, {"hashes", ExampleKeeping::hashes}, {"content", ExampleKeeping::content}});
    };
    if (node->kind == ConfigNode::Kind::scalar) return what(cascade, "store");
    if (node->kind != ConfigNode::Kind::map) {
        reader.error(node->line, cascade.path_to("store") +
                                     " is none, hashes, content, or a map such as { what: content, keep: 30d }");
        return;
    }
    Section section(reader, *node, cascade.path_to("store"));
    what(section, "what");
    if (!section.has("what")) reader.error(section.line(), cascade.path_to("store") + ": the key \"what\" is missing");
    section.duration("keep", to.keep_micros, kHour, 3650 * kDay);
    section.whole<std::uint64_t>("most", to.most, 1, kMostExamples);
    read_redaction(section, reader, to.redact);
    section.finish();
}

void check_examples(Reader& reader, const Draft& draft) {
    const gateway::Options& options = draft.options;
    const bool anybody = std::any_of(options.providers.begin(), options.providers.end(),
                                     [](const auto& entry) { return entry.second.may_distil; });
    for (const cascade::CascadeOptions& each : options.cascades) {
        const std::string path = "cascades." + each.name;
        const auto student = std::find_if(each.tiers.begin(), each.tiers.end(), [](const cascade::TierOptions& tier) {
            return tier.kind == cascade::TierKind::student;
        });
        const bool has_student = student != each.tiers.end();
        const bool content = each.examples.keeping == ExampleKeeping::content;
        if (has_student && !content) {
            reader.warning(student->line, path + ".tiers: a student has nothing to learn from without store: content");
        }
        for (const cascade::TierOptions& tier : each.tiers) {
            if (!tier.gathers.shows.any() || content) continue;
            reader.warning(tier.line, path + ".tiers: " + tier.model +
                                          " has no examples to be shown without store: content: it is not asked");
        }
        if (!content) continue;
        bool others = false;
        std::string forbidden;
        for (const std::string& name : reference_providers(each, options, others)) {
            const auto provider = options.providers.find(name);
            if (provider == options.providers.end() || provider->second.may_distil) continue;
            forbidden += (forbidden.empty() ? "provider " : ", ") + name;
        }
        if (forbidden.empty() && others && !anybody) forbidden = "no provider here";
        if (forbidden.empty()) continue;
        const bool none = forbidden.starts_with("no ");
        reader.warning(each.examples.line, path + ".store: content, but " + forbidden +
                                               (none ? " says" : " does not say") +
                                               " may_distil: true: only hashes are kept, and no student can learn "
                                               "from its answers");
    }
}

}  // namespace weir::cli
