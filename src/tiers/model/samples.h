// Questions to one endpoint of a provider that are asked at the same time.
// Thread rule: one reactor's. Lives in the frame of whoever awaits ask(), which returns when all calls have ended.
// Limits: the HttpClient's, and those given; the caller's number of requests.
#pragma once

#include <coroutine>
#include <string>
#include <vector>

#include "base/cancellation.h"
#include "base/result.h"
#include "base/task.h"
#include "base/units.h"
#include "net/http_client.h"
#include "tiers/model/upstream.h"

namespace weir::tiers {

class Samples final : public Cancelable {
  public:
    struct Sample {
        Result<void> got;     // the whole answer was read
        unsigned status = 0;  // 0: no head came
        bool sent = false;    // the request may have reached the provider
        std::string body;
    };
    struct Limits {
        Micros deadline = 0;  // steady time, until each head
        std::size_t answer_bytes = 0;
        TraceLine trace{};  // outlives them
    };

    Samples(const ProviderLink& provider, Endpoint& endpoint, const Limits& limits)
        : provider_(provider), endpoint_(endpoint), client_(*endpoint.client), limits_(limits) {}

    // Once; `requests` outlives the task.
    Task<void> ask(const std::vector<ModelQuestion>& requests);
    void cancel() override;

    std::vector<Sample>& samples() { return samples_; }  // in the requests' order

  private:
    struct AllEnded {
        Samples& of;
        bool await_ready() const { return of.pending_ == 0; }
        void await_suspend(std::coroutine_handle<> waiter) { of.waiter_ = waiter; }
        void await_resume() const {}
    };
    Task<void> one(const ModelQuestion& request, std::size_t number);

    const ProviderLink& provider_;
    Endpoint& endpoint_;
    net::HttpClient& client_;
    Limits limits_;
    std::vector<Sample> samples_;
    std::vector<net::HttpCall*> calls_;  // nullptr: has ended
    std::size_t pending_ = 0;
    std::coroutine_handle<> waiter_;
};

}  // namespace weir::tiers
