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

TEST_CASE("what the provider says that an answer cost holds, and the table's figure is kept beside it") {
    prices::Price price;
    price.input.picos = 1'000'000;
    const wire::Usage usage{.input_uncached = 10, .stated = Usd{12'345}, .reported = true};
    store::Attempt attempt;
    account(attempt, usage, price);
    CHECK((attempt.priced && attempt.cost_stated && attempt.listed));
    CHECK(attempt.cost == Usd{12'345});
    CHECK(attempt.list_cost == Usd{10'000});
    account_more(attempt, usage, price);
    CHECK(attempt.cost == Usd{24'690});
    CHECK(attempt.list_cost == Usd{20'000});
    wire::Usage silent = usage;
    silent.stated.reset();
    account_more(attempt, silent, price);
    CHECK(attempt.cost == Usd{34'690});
    CHECK((attempt.priced && !attempt.cost_stated && !attempt.listed));
    account(attempt, usage, std::nullopt);
    CHECK((attempt.priced && attempt.cost_stated && !attempt.listed));
}

TEST_CASE("an answer that needs a rate which the price has not is unpriced; its classes are booked") {
    prices::Price price;
    price.input.picos = 1'000'000;
    wire::Usage usage{.input_uncached = 10,
                      .input_cache_write = 2,
                      .input_cache_write_1h = 3,
                      .web_searches = 70'000,
                      .tier = wire::ServiceTier::flex,
                      .reported = true};
    usage.file_searches = 4;
    usage.images = 5;
    store::Attempt attempt;
    account(attempt, usage, price);
    CHECK_FALSE(attempt.priced);
    CHECK(attempt.cost == Usd{});
    CHECK(attempt.input_cache_write == 2);
    CHECK(attempt.input_cache_write_1h == 3);
    CHECK(attempt.web_searches == UINT16_MAX);
    CHECK(attempt.other_pieces == 9);
    CHECK(attempt.service_tier == wire::ServiceTier::flex);
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
                           {"Idempotency-Key", "k1"},
                           {"api-key", "theirs"},
                           {"X-Goog-Api-Key", "theirs"},
                           {"X-Org", "theirs"}};
    upstream.provider->fixed_lines = "x-org: ours\r\n";
    CHECK(request_head(*upstream.provider, endpoint, "/chat/completions", 12, &caller) ==
          "POST /v1/chat/completions HTTP/1.1\r\nhost: api.example\r\nauthorization: Bearer ours\r\nx-org: ours\r\n"
          "content-type: application/json\r\ncontent-length: 12\r\nIdempotency-Key: k1\r\n\r\n");
}
