// Names of the ledger, as they stand in JSON: looked up once, escaped once.
// Thread rule: one thread, where NameLookup may take a short lock. Limits: kMostNameTexts names, then it begins anew.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/ledger_row.h"

namespace weir::telemetry {

using NameLookup = std::function<std::string(store::NameId)>;  // empty where there is none
constexpr std::size_t kMostNameTexts = 10'000;

class NameTexts {
  public:
    struct Text {  // without quotes
        std::string whole;
        std::string provider, model;  // of "provider/model"; without a slash both are the whole
    };
    explicit NameTexts(NameLookup look_up) : look_up_(std::move(look_up)) {}
    const Text& of(store::NameId id);  // valid until the next call

  private:
    NameLookup look_up_;
    std::unordered_map<store::NameId, Text> texts_;
};

}  // namespace weir::telemetry
