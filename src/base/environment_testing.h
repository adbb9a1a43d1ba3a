// An environment variable set for the length of a scope, for tests of code that reads the environment.
// Thread rule: as setenv: no other thread may read the environment meanwhile.
#pragma once

#include <stdlib.h>

#include <optional>
#include <string>

namespace weir {

// Sets `name` to `value` (nothing: takes the variable out) and puts back at its end what was there before.
class ScopedVariable {
  public:
    ScopedVariable(std::string name, const std::optional<std::string>& value) : name_(std::move(name)) {
        if (const char* const before = ::getenv(name_.c_str())) before_ = before;
        put(value);
    }
    ~ScopedVariable() { put(before_); }
    ScopedVariable(const ScopedVariable&) = delete;
    ScopedVariable& operator=(const ScopedVariable&) = delete;

  private:
    void put(const std::optional<std::string>& value) const {
        if (value) {
            ::setenv(name_.c_str(), value->c_str(), 1);
        } else {
            ::unsetenv(name_.c_str());
        }
    }

    std::string name_;
    std::optional<std::string> before_;
};

}  // namespace weir
