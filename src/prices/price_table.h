// The price table: what a model's tokens cost. Built-in rows (each with its source and date) and over them the rows of
// the operator's file (LiteLLM's field names, USD per token) and of the configuration (USD per million tokens).
// An unknown price is unknown: never 0.
// Thread rule: immutable after load; share by pointer to const.
// Limits: price file kMaxPriceFileBytes, kMaxPriceRows rows, kMaxFilePrice a token. One price a class of tokens: prices
// that depend on the length of the prompt, the hour or a batch are taken at their base.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "wire/usage.h"

namespace weir::prices {

constexpr std::size_t kMaxPriceFileBytes = 64u << 20;
constexpr std::size_t kMaxPriceRows = 100'000;
constexpr PicoUsdPerToken kMaxFilePrice{1'000'000'000'000};  // 1 USD: beyond it somebody has mixed up the unit

struct Price {
    PicoUsdPerToken input;
    PicoUsdPerToken output;
    std::optional<PicoUsdPerToken> input_cached;       // absent: cached input costs as much as other input
    std::optional<PicoUsdPerToken> input_cache_write;  // absent: likewise
    std::string source;                                // where the row comes from: an address, a file, "configuration"
    std::string as_of;                                 // YYYY-MM-DD, or empty

    friend bool operator==(const Price&, const Price&) = default;
};

// Tokens times price over all classes, in pico-dollars, rounded once, half up, to nano-dollars.
// Saturates at the range of Usd.
Usd cost_of(const wire::Usage& usage, const Price& price);

class PriceTable {
  public:
    // The built-in rows alone.
    static PriceTable built_in();

    // Lays the rows of a price file over this table: one object, model name -> object, of which input_cost_per_token,
    // output_cost_per_token, cache_read_input_token_cost, cache_creation_input_token_cost (USD), litellm_provider and
    // mode are read. Left out: "sample_spec", and rows without a price for input tokens, or (but for embeddings,
    // reranking and moderation, which have none) for output tokens. Prices are exact; beyond 12 decimal places they are
    // rounded half up. All or nothing: on an error the table is as it was. Errors, with "path: " or "path:line: "
    // before them: not_found, io, too_large, invalid (JSON, a price that is no number, negative, or above
    // kMaxFilePrice).
    Result<void> merge_file(const std::string& path);
    // The same from text already read; `name` stands in messages.
    Result<void> merge_json(std::string_view text, const std::string& name);
    // One row, from the configuration; `model` is the name as configured ("local/smollm2").
    void set(std::string model, Price price);

    // Looks up "provider/model" first, then "model" alone; nullptr where neither is known.
    // A dated snapshot ("gpt-4o-2024-08-06") with no row of its own does not fall back to another row.
    const Price* find(std::string_view provider, std::string_view model) const;

    // Which vendor sells the model ("openai" for "gpt-4o"), by the built-in and merged rows' litellm_provider; empty
    // where unknown.
    std::string_view vendor_of(std::string_view model) const;

    std::size_t size() const { return rows_.size(); }

  private:
    struct Row {
        Price price;
        std::string vendor;
    };
    struct NameHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
    };

    std::unordered_map<std::string, Row, NameHash, std::equal_to<>> rows_;
};

}  // namespace weir::prices
