#include "cli/litellm_import.h"

#include <algorithm>

#include "cli/litellm_plan.h"
#include "cli/litellm_write.h"

namespace weir::cli {
namespace {

constexpr std::size_t kMaxDeployments = 10'000;
constexpr std::size_t kMaxModels = 10'000;
constexpr std::size_t kMaxGlobs = 4'000;  // two names a model, of 10,000 globs in all

void find_variables(const ConfigNode& node, LitellmContext& context) {
    if (const auto name = environment_name(node.text)) context.variables.insert(*name);
    for (const ConfigNode& item : node.items) find_variables(item, context);
    for (const ConfigNode::Entry& entry : node.entries) find_variables(entry.value, context);
}

const ConfigNode* find(const ConfigNode& root, std::string_view key) {
    const auto found = std::find_if(root.entries.begin(), root.entries.end(),
                                    [key](const ConfigNode::Entry& entry) { return entry.key == key; });
    return found == root.entries.end() ? nullptr : &found->value;
}

// A deployment each.
std::vector<LitellmDeployment> read_deployments(const ConfigNode& list, LitellmContext& context) {
    for (const ConfigNode& item : list.items) {
        const ConfigNode* const name = find(item, "model_name");
        if (name != nullptr && name->kind == ConfigNode::Kind::scalar) ++context.deployments_of[name->text];
    }
    std::vector<LitellmDeployment> deployments;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
        auto one = read_litellm_deployment(list.items[i], "model_list[" + std::to_string(i) + "]", context);
        if (one) deployments.push_back(std::move(*one));
    }
    return deployments;
}

void by_line(std::vector<LitellmNote>& notes) {
    std::stable_sort(notes.begin(), notes.end(),
                     [](const LitellmNote& a, const LitellmNote& b) { return a.line < b.line; });
}

}  // namespace

tl::expected<LitellmImport, std::vector<Diagnostic>> import_litellm(std::string_view text, const std::string& file) {
    std::vector<Diagnostic> errors;
    const auto fail_at = [&](int line, const std::string& message) {
        return tl::unexpected(std::vector<Diagnostic>{{file, line, message}});
    };
    std::optional<ConfigNode> root = parse_yaml(text, file, errors);
    if (!root || !errors.empty()) return tl::unexpected(std::move(errors));
    if (const auto problem = merge_yaml_keys(*root)) return fail_at(0, *problem);
    if (root->kind != ConfigNode::Kind::map) return fail_at(root->line, "not a map: no configuration of LiteLLM's");
    const ConfigNode* const list = find(*root, "model_list");
    if (list == nullptr || list->kind != ConfigNode::Kind::list || list->items.empty()) {
        return fail_at(list == nullptr ? 0 : list->line, "no model_list: a list of { model_name, litellm_params }");
    }
    if (list->items.size() > kMaxDeployments) return fail_at(list->line, "more than 10,000 entries in model_list");

    LitellmContext context;
    find_variables(*root, context);
    const LitellmSettings settings = read_litellm_settings(*root, context);
    const std::vector<LitellmDeployment> deployments = read_deployments(*list, context);
    const LitellmPlan plan = plan_litellm(deployments, settings, context);
    if (plan.providers.size() > kMaxLitellmProviders) {
        return fail_at(list->line, "more than 256 addresses and keys: Weir has at most 256 providers");
    }
    if (plan.models.size() > kMaxModels) return fail_at(list->line, "more than 10,000 models with their fallbacks");
    if (!plan.wildcards.empty() && plan.models.size() + plan.wildcards.size() > kMaxGlobs) {
        return fail_at(list->line, "more than 4,000 models beside wildcards");
    }
    for (const std::string& name : context.url_variables) {
        if (context.text_variables.contains(name)) {
            return fail_at(list->line, name + " stands for an address and for something else");
        }
    }
    LitellmImport to;
    if (!plan.providers.empty()) to.yaml = write_litellm_plan(plan, settings, file, to.variables);
    to.providers = plan.providers.size();
    to.models = plan.models.size();
    to.tale = std::move(context.tale);
    for (auto* const notes : {&to.tale.carried, &to.tale.changed, &to.tale.not_carried, &to.tale.idle}) by_line(*notes);
    to.check_settings.secrets = false;
    to.check_settings.environment = [urls = context.url_variables](const std::string& name) {
        return std::optional<std::string>(urls.contains(name) ? "http://127.0.0.1:9" : "x");
    };
    return to;
}

}  // namespace weir::cli
