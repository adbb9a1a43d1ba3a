// A ledger that keeps names alone, for tests of what only wants them numbered.
// Thread rule: one thread's.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "store/ledger.h"

namespace weir::store::testing {

class NameTable final : public LedgerSink {
  public:
    NameId intern(std::string_view text) override {
        return ids_.emplace(std::string(text), static_cast<NameId>(ids_.size() + 1)).first->second;
    }
    bool append(unsigned, const LedgerRow&) override { return true; }
    void name_task(unsigned, std::uint64_t, std::string_view) override {}

  private:
    std::map<std::string, NameId> ids_;
};

}  // namespace weir::store::testing
