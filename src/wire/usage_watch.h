// What an answer of any API that is passed through says of its usage.
// Thread rule: belongs to one request. Limits: http::SseSplitter's.
#pragma once

#include <string_view>

#include "base/result.h"
#include "http/sse.h"
#include "wire/usage.h"

namespace weir::wire {

class UsageWatch {
  public:
    void body(std::string_view body);         // a whole one
    Result<void> feed(std::string_view sse);  // pieces of a stream of events, cut anywhere
    const Usage& usage() const { return usage_; }

  private:
    http::SseSplitter splitter_;
    Usage usage_;
};

}  // namespace weir::wire
