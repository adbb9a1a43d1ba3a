#include "tiers/model/upstream.h"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::tiers;

TEST_CASE("what a provider reports stands; what it does not report is estimated, and marked, never free") {
    wire::Usage reported;
    reported.input_uncached = 7;
    reported.reported = true;
    CHECK(or_estimate(reported, 4000, 50) == reported);

    const wire::Usage estimate = or_estimate(wire::Usage{}, 4000, 50);
    CHECK(estimate.input() == 1000);
    CHECK(estimate.output == 50);
    CHECK_FALSE(estimate.reported);

    prices::Price price;
    price.input.picos = 1'000'000;
    price.output.picos = 2'000'000;
    store::Attempt attempt;
    account(attempt, estimate, price);
    CHECK(attempt.usage_estimated);
    CHECK(attempt.priced);
    CHECK(attempt.cost.nanos == 1'100'000);
}

TEST_CASE("without a price the cost is unknown, not nothing") {
    store::Attempt attempt;
    account(attempt, or_estimate(wire::Usage{}, 400, 1), std::nullopt);
    CHECK_FALSE(attempt.priced);
}

TEST_CASE("the head of a request upstream: ours, the caller's, and nothing that stays here") {
    ModelUpstream upstream;
    upstream.provider = std::make_shared<ProviderLink>();
    Endpoint endpoint;
    endpoint.path_prefix = "/v1";
    endpoint.host_header = "api.example";
    endpoint.key_line = "authorization: Bearer ours\r\n";
    http::RequestHead caller;
    caller.headers.list = {{"Authorization", "Bearer theirs"},
                           {"X-Weir-Debug", "1"},
                           {"Accept-Encoding", "gzip"},
                           {"Cookie", "a=b"},
                           {"Connection", "x-hop"},
                           {"X-Hop", "1"},
                           {"Idempotency-Key", "k1"}};
    CHECK(request_head(*upstream.provider, endpoint, "/chat/completions", 12, &caller) ==
          "POST /v1/chat/completions HTTP/1.1\r\nhost: api.example\r\nauthorization: Bearer ours\r\n"
          "content-type: application/json\r\ncontent-length: 12\r\nIdempotency-Key: k1\r\n\r\n");
}
