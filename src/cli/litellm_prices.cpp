#include "cli/litellm_prices.h"

#include <array>
#include <utility>

#include "cli/config_values.h"
#include "prices/price_table.h"

namespace weir::cli {
namespace {

constexpr const char* kPrice = "price";

// The price that is known of it, where its own name tells none.
void take_base_model(const std::string& base_model, LitellmDeployment& to) {
    static const prices::PriceTable table = prices::PriceTable::built_in();
    if (table.find(to.provider, to.upstream_name) != nullptr) return;
    const std::size_t slash = base_model.find('/');
    const prices::Price* price = table.find(to.provider, base_model);
    if (price == nullptr && slash != std::string::npos) {
        price = table.find(base_model.substr(0, slash), base_model.substr(slash + 1));
    }
    if (price == nullptr) return;
    LitellmPrice found{price_text(price->input.picos), price_text(price->output.picos), {}, {}};
    if (price->input_cached) found.cached_input = price_text(price->input_cached->picos);
    if (price->input_cache_write) found.cache_write = price_text(price->input_cache_write->picos);
    to.price = std::move(found);
    to.price_note = portable_text(base_model, false) ? "as of " + base_model : "as of its base_model";
}

}  // namespace

void LitellmPrices::read(LitellmSource& source) {
    const std::array<std::pair<std::string_view, std::string*>, 4> parts{{
        {"input_cost_per_token", &price_.input},
        {"output_cost_per_token", &price_.output},
        {"cache_read_input_token_cost", &price_.cached_input},
        {"cache_creation_input_token_cost", &price_.cache_write},
    }};
    for (const auto& [key, part] : parts) {
        const std::optional<std::string> text = source.scalar(key);
        if (!text) continue;
        const std::optional<std::string> price = price_text(*text);
        if (!part->empty()) {
            source.idle(key);  // litellm_params' counts
        } else if (price) {
            *part = *price;
            source.carried(key, kPrice);
        } else {
            source.left(key, "not a price of at most 1 USD per token with at most 12 decimal places");
        }
    }
}

void LitellmPrices::finish(LitellmTale& tale, LitellmDeployment& to) const {
    LitellmPrice price = price_;
    if (!price.input.empty() && price.output.empty() && embeds) price.output = "0";
    if (!price.input.empty() && !price.output.empty()) {
        to.price = std::move(price);
        to.price_note.clear();
        return;
    }
    const auto is_price = [](const LitellmNote& note) { return note.why == kPrice; };
    for (const LitellmNote& note : tale.carried) {
        if (!is_price(note)) continue;
        tale.not_carried.push_back(
            {note.path, note.line, "a price takes both input_cost_per_token and output_cost_per_token"});
    }
    std::erase_if(tale.carried, is_price);
}

void read_litellm_info(const ConfigNode& node, const std::string& path, LitellmTale& tale, LitellmPrices& prices,
                       LitellmDeployment& to) {
    LitellmSource info(tale, node, path);
    if (const std::optional<std::string> mode = info.scalar("mode")) {
        prices.embeds = *mode == "embedding";
        if (is_litellm_word(*mode, {"chat", "completion", "embedding", "responses"})) {
            info.idle("mode");
        } else {
            info.left("mode",
                      "Weir serves chat, completions, responses and embeddings; other paths go to the provider as they "
                      "are, with the model's name as the caller has it");
        }
    }
    prices.read(info);
    if (const std::optional<std::string> base = info.scalar("base_model")) {
        take_base_model(*base, to);
        if (to.price) {
            info.changed("base_model", "its price as it is known today is written down");
        } else {
            info.idle("base_model");
        }
    }
    for (const std::string_view key : {"max_output_tokens", "max_tokens"}) {
        const std::optional<std::string> most = info.scalar(key);
        if (!most) continue;
        const std::optional<std::uint64_t> value = parse_whole(*most);
        if (to.api == gateway::ProviderApi::anthropic && to.max_output.empty() && value && *value > 0 &&
            *value <= 10'000'000) {
            to.max_output = std::to_string(*value);
            info.carried(key, "max_output");
        } else {
            info.idle(key);
        }
    }
    info.left("access_groups", "callers' keys name the models they may use");
    info.left("team_id", "Weir's models belong to no team");
    for (const ConfigNode::Entry& each : node.entries) {
        if (each.key.find("cost_per_") != std::string::npos || each.key.ends_with("_cost")) continue;
        const bool told = is_litellm_word(
            each.key, {"mode", "base_model", "max_output_tokens", "max_tokens", "access_groups", "team_id"});
        if (!told) info.idle(each.key);  // free words about the model
    }
    info.finish("Weir has one price for each class of tokens: input, output, cached_input, cache_write");
}

}  // namespace weir::cli
