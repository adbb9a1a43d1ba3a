// The price table: what a model's tokens cost. Built-in rows (each with its source and date) and over them the rows of
// the operator's file (LiteLLM's field names, USD per token) and of the configuration (USD per million tokens).
// An unknown price is unknown: never 0.
// Thread rule: immutable after load; share by pointer to const.
// Limits: price file kMaxPriceFileBytes, kMaxPriceRows rows, kMaxFilePrice a token, kMaxFilePiecePrice a piece;
// kMaxRateVariants a row.
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
#include "prices/price.h"

namespace weir::prices {

constexpr std::size_t kMaxPriceFileBytes = 64u << 20;
constexpr std::size_t kMaxPriceRows = 100'000;
constexpr PicoUsdPerToken kMaxFilePrice{1'000'000'000'000};           // 1 USD: beyond it the unit is mixed up
constexpr PicoUsdPerToken kMaxFilePiecePrice{1'000'000'000'000'000};  // 1,000 USD

class PriceTable {
  public:
    // The built-in rows alone.
    static PriceTable built_in();

    // Lays the rows of a price file over this table: one object, model name -> object, of which the fields are read
    // that price_row.h names. Left out: "sample_spec", and rows that say neither what tokens cost (input and output;
    // embeddings, reranking and moderation have no output) nor what a piece does. Prices are exact; beyond 12 decimal
    // places they are rounded half up. All or nothing: on an error the table is as it was. Errors, with "path: " or
    // "path:line: " before them: not_found, io, too_large, invalid (JSON, a price that is no number, negative, or above
    // the limits).
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
