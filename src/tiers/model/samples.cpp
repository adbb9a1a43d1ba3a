#include "tiers/model/samples.h"

#include <utility>

#include "net/reactor.h"

namespace weir::tiers {

Task<void> Samples::one(const ModelQuestion& request, std::size_t number) {
    Sample& sample = samples_[number];
    {
        net::HttpCall call(client_);
        calls_[number] = &call;
        const std::string head = request_head(provider_, endpoint_, request.path, request.body.size(), nullptr,
                                              request.form, "application/json", limits_.trace);
        Result<void> got = co_await call.send(head, request.body, limits_.deadline);
        if (got) {
            sample.status = call.response().status;
            got = co_await call.read_all(sample.body, limits_.answer_bytes);
        }
        sample.sent = call.sent();
        sample.got = std::move(got);
        calls_[number] = nullptr;
    }
    // The waiter may destroy what is here: it is resumed when this frame has nothing left to do.
    if (--pending_ == 0 && waiter_) client_.reactor().post(std::exchange(waiter_, nullptr));
}

Task<void> Samples::ask(const std::vector<ModelQuestion>& requests) {
    samples_.resize(requests.size());
    calls_.resize(requests.size());
    pending_ = requests.size();
    for (std::size_t number = 1; number < requests.size(); ++number) spawn(one(requests[number], number));
    co_await one(requests.front(), 0);
    AllEnded all_ended{*this};
    co_await all_ended;
}

void Samples::cancel() {
    for (net::HttpCall* const call : calls_) {
        if (call != nullptr) call->cancel();
    }
}

}  // namespace weir::tiers
