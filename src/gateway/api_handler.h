// What the inference listener answers: routes paths to their handlers; the rest are errors in OpenAI's form.
// Thread rule: one a lane, on its reactor.
#pragma once

#include "gateway/lane.h"
#include "net/http_server.h"

namespace weir::gateway {

class ApiHandler final : public net::Handler {
  public:
    explicit ApiHandler(Lane& lane) : lane_(lane) {}

    Task<void> handle(net::Exchange& exchange) override;
    std::string protocol_error(unsigned status, std::string_view problem) override;

  private:
    Task<void> route(net::Exchange& exchange);
    Task<void> list_models(net::Exchange& exchange, std::string_view id);

    Lane& lane_;
};

}  // namespace weir::gateway
