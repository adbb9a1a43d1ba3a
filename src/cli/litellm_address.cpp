#include "cli/litellm_address.h"

#include "cli/config_draft.h"
#include "cli/config_values.h"

namespace weir::cli {
namespace {

constexpr std::string_view kOpenAi = "https://api.openai.com/v1";

bool is_url_part(std::string_view text) {
    constexpr std::string_view kSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    return !text.empty() && text.find_first_not_of(kSafe) == std::string_view::npos;
}

std::string without_slashes(std::string text) {
    while (text.ends_with('/')) text.pop_back();
    return text;
}

// A provider of a server of one's own is called by its host.
std::string name_of_host(const std::string& base) {
    const Result<BaseUrl> url = parse_base_url(base);
    std::string name = url ? url->host : "";
    for (char& c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == ':') c = '-';
    }
    constexpr std::size_t kMaxNameBytes = 56;  // leaves place for a number behind it
    name.resize(std::min(name.size(), kMaxNameBytes));
    return is_plain_name(name) ? name : "openai-compatible";
}

class Address {
  public:
    Address(LitellmSource& params, const LitellmProvider& provider, LitellmContext& context, LitellmDeployment& to)
        : params_(params), provider_(provider), context_(context), to_(to) {}

    std::string read(LitellmTale& tale) {
        const std::string_view key = params_.find("api_base") != nullptr ? "api_base" : "base_url";
        const std::optional<std::string> given = params_.scalar(key);
        if (key == "api_base") params_.left("base_url", "api_base counts");
        to_.own_address = given.has_value();
        if (!given) return without_api_base();
        const std::optional<std::string> variable = environment_name(*given);
        std::string base = variable ? "${" + *variable + "}" : without_slashes(*given);
        for (const std::string_view behind : {"/chat/completions", "/v1/messages"}) {
            if (base.ends_with(behind)) base.resize(base.size() - behind.size());
        }
        if (variable) {
            context_.url_variables.insert(*variable);
        } else if (!portable_text(base, false) || !parse_base_url(base)) {
            return "its api_base is no plain http:// or https:// address (no user, query or fragment)";
        }
        if (std::string why = take(base, variable.has_value()); !why.empty()) return why;
        if (variable && to_.base_url != base) {
            params_.changed(key, "base_url " + to_.base_url + ": " + *variable + " must not end in a slash or in " +
                                     to_.base_url.substr(base.size()));
        } else {
            params_.carried(key, "base_url");
        }
        const bool any_server =
            is_litellm_word(provider_.word, {"openai_like", "custom_openai", "litellm_proxy"}) || to_.kind == "openai";
        if (any_server && to_.base_url != kOpenAi) to_.provider = variable ? "openai-compatible" : name_of_host(base);
        if (to_.kind == "ollama") {
            tale.changed.push_back({params_.path_to(key), params_.line_of(key),
                                    "Weir asks Ollama by its OpenAI-compatible API, LiteLLM by its own"});
        }
        return {};
    }

  private:
    std::string without_api_base() {
        if (provider_.word == "azure" || provider_.word == "azure_ai") {
            const std::string variable = provider_.word == "azure" ? "AZURE_API_BASE" : "AZURE_AI_API_BASE";
            context_.url_variables.insert(variable);
            return take("${" + variable + "}", true);
        }
        to_.base_url = provider_.base_url;
        return to_.base_url.empty() ? "it has no api_base" : "";
    }

    std::string take(const std::string& base, bool from_environment) {
        if (provider_.word == "azure" || provider_.word == "azure_ai") {
            version_ = params_.scalar("api_version");
            variable_ = version_ ? environment_name(*version_) : std::nullopt;
            if (version_ && !variable_ && !is_url_part(*version_))
                return "its api_version is none: " + quote(*version_);
            if (variable_) context_.text_variables.insert(*variable_);
            to_.key_header = "api-key";
            return provider_.word == "azure" ? azure(base, from_environment) : azure_ai(base);
        }
        to_.base_url = base;
        if (!base.ends_with(provider_.behind)) to_.base_url += provider_.behind;
        return {};
    }

    std::string query(const std::string& without) const {
        if (!version_) return "api-version=" + without;
        return "api-version=" + (variable_ ? "${" + *variable_ + "}" : *version_);
    }

    std::string azure_ai(const std::string& base) {
        if (base.find("services.ai.azure.com") == std::string::npos) {
            to_.key_header.clear();
            to_.base_url = base.ends_with("/v1") ? base : base + "/v1";
            params_.idle("api_version");
            return {};
        }
        to_.base_url = base.ends_with("/models") ? base : base + "/models";
        to_.query = query("2024-05-01-preview");
        params_.carried("api_version", "query");
        return {};
    }

    std::string azure(std::string base, bool from_environment) {
        constexpr std::string_view kNewest = "/openai/v1", kOpenAiPath = "/openai";
        if (base.ends_with(kNewest) || (version_ && is_litellm_word(*version_, {"v1", "latest", "preview"}))) {
            to_.base_url = base.ends_with(kNewest) ? base : base + std::string(kNewest);
            if (version_ && *version_ == "preview") to_.query = "api-version=preview";
            params_.carried("api_version", "base_url");
            return {};
        }
        if (base.ends_with(kOpenAiPath)) base.resize(base.size() - kOpenAiPath.size());
        to_.query = query("${AZURE_API_VERSION:-2025-02-01-preview}");  // LiteLLM's own default
        if (!version_) context_.text_variables.insert("AZURE_API_VERSION");
        params_.carried("api_version", "query");
        to_.name_in_url = true;
        to_.base_url = base;
        if (!from_environment && base.find("/openai/deployments/") != std::string::npos) return {};
        if (!is_url_part(to_.upstream_name)) {
            return "the name of Azure's deployment can't stand in an address: " + quote(to_.upstream_name);
        }
        to_.base_url += "/openai/deployments/" + to_.upstream_name;
        return {};
    }

    LitellmSource& params_;
    const LitellmProvider& provider_;
    LitellmContext& context_;
    LitellmDeployment& to_;
    std::optional<std::string> version_, variable_;
};

}  // namespace

std::string read_litellm_address(LitellmSource& params, const LitellmProvider& provider, LitellmContext& context,
                                 LitellmTale& tale, LitellmDeployment& to) {
    return Address(params, provider, context, to).read(tale);
}

}  // namespace weir::cli
