#include "cli/litellm_providers.h"

#include <algorithm>
#include <array>

#include "prices/price_table.h"

namespace weir::cli {
namespace {

using gateway::ProviderApi;
constexpr ProviderApi kOpenAi = ProviderApi::openai;

constexpr std::array kProviders{
    LitellmProvider{"openai", "https://api.openai.com/v1", "OPENAI_API_KEY"},
    LitellmProvider{"text-completion-openai", "https://api.openai.com/v1", "OPENAI_API_KEY"},
    LitellmProvider{"anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", ProviderApi::anthropic, false,
                    "/v1"},
    LitellmProvider{"gemini", "https://generativelanguage.googleapis.com/v1beta", "GEMINI_API_KEY",
                    ProviderApi::gemini},
    LitellmProvider{"azure", "", "AZURE_API_KEY"},
    LitellmProvider{"azure_ai", "", "AZURE_AI_API_KEY"},
    LitellmProvider{"groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"},
    LitellmProvider{"mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"},
    LitellmProvider{"deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"},
    LitellmProvider{"together_ai", "https://api.together.xyz/v1", "TOGETHERAI_API_KEY"},
    LitellmProvider{"openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"},
    LitellmProvider{"fireworks_ai", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"},
    LitellmProvider{"xai", "https://api.x.ai/v1", "XAI_API_KEY"},
    LitellmProvider{"perplexity", "https://api.perplexity.ai", "PERPLEXITYAI_API_KEY"},
    LitellmProvider{"cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"},
    LitellmProvider{"nvidia_nim", "https://integrate.api.nvidia.com/v1", "NVIDIA_NIM_API_KEY"},
    LitellmProvider{"sambanova", "https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY"},
    LitellmProvider{"deepinfra", "https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY"},
    LitellmProvider{"moonshot", "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY"},
    LitellmProvider{"dashscope", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "DASHSCOPE_API_KEY"},
    LitellmProvider{"hyperbolic", "https://api.hyperbolic.xyz/v1", "HYPERBOLIC_API_KEY"},
    LitellmProvider{"novita", "https://api.novita.ai/v3/openai", "NOVITA_API_KEY"},
    LitellmProvider{"ollama", "http://localhost:11434/v1", "", kOpenAi, true, "/v1"},
    LitellmProvider{"ollama_chat", "http://localhost:11434/v1", "", kOpenAi, true, "/v1"},
    LitellmProvider{"hosted_vllm", "", "HOSTED_VLLM_API_KEY", kOpenAi, true},
    LitellmProvider{"lm_studio", "", "LM_STUDIO_API_KEY", kOpenAi, true},
    LitellmProvider{"llamafile", "http://127.0.0.1:8080/v1", "LLAMAFILE_API_KEY", kOpenAi, true},
    LitellmProvider{"xinference", "http://127.0.0.1:9997/v1", "XINFERENCE_API_KEY", kOpenAi, true},
    LitellmProvider{"openai_like", "", "OPENAI_LIKE_API_KEY", kOpenAi, true},
    LitellmProvider{"custom_openai", "", "", kOpenAi, true},
    LitellmProvider{"litellm_proxy", "", "LITELLM_PROXY_API_KEY", kOpenAi, true},
};

struct Reason {
    std::string_view word, why;
};
constexpr std::string_view kSigned =
    "Weir can't sign requests for AWS; where the model is offered in OpenAI's or Anthropic's API with a key, name that";
constexpr std::string_view kGoogle =
    "Weir has no Google Cloud credentials; api: gemini takes a key of Google AI Studio (gemini/...)";
constexpr std::string_view kOwnApi = "Weir does not speak its API";
constexpr std::array kReasons{
    Reason{"bedrock", kSigned},
    Reason{"bedrock_converse", kSigned},
    Reason{"sagemaker", kSigned},
    Reason{"sagemaker_chat", kSigned},
    Reason{"vertex_ai", kGoogle},
    Reason{"vertex_ai_beta", kGoogle},
    Reason{"vllm", "LiteLLM runs it in its own process; start a server of vLLM's and name it hosted_vllm/..."},
    Reason{"huggingface", "Weir does not speak its API; a server that speaks OpenAI's is openai/... with an api_base"},
    Reason{"cohere", kOwnApi},
    Reason{"cohere_chat", kOwnApi},
    Reason{"replicate", kOwnApi},
    Reason{"watsonx", kOwnApi},
    Reason{"databricks", kOwnApi},
    Reason{"cloudflare", kOwnApi},
    Reason{"triton", kOwnApi},
    Reason{"predibase", kOwnApi},
    Reason{"github_copilot", kOwnApi},
    Reason{"voyage", kOwnApi},
    Reason{"jina_ai", kOwnApi},
    Reason{"elevenlabs", kOwnApi},
    Reason{"deepgram", kOwnApi},
};

}  // namespace

const LitellmProvider* litellm_provider(std::string_view word) {
    const auto found = std::find_if(kProviders.begin(), kProviders.end(),
                                    [word](const LitellmProvider& each) { return each.word == word; });
    return found == kProviders.end() ? nullptr : &*found;
}

std::string_view no_litellm_provider(std::string_view word) {
    const auto found =
        std::find_if(kReasons.begin(), kReasons.end(), [word](const Reason& each) { return each.word == word; });
    return found == kReasons.end() ? std::string_view() : found->why;
}

std::string_view litellm_provider_of_model(std::string_view model) {
    static const prices::PriceTable table = prices::PriceTable::built_in();
    const std::string_view vendor = table.vendor_of(model);
    if (vendor == "openai" || vendor == "anthropic") return vendor == "openai" ? "openai" : "anthropic";
    for (const std::string_view begin : {"gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-", "dall-e", "whisper",
                                         "tts-", "ft:gpt-", "omni-moderation"}) {
        if (model.starts_with(begin)) return "openai";
    }
    return model.starts_with("claude-") ? "anthropic" : "";
}

}  // namespace weir::cli
