#include "limits/admission.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace weir;
using namespace weir::limits;

namespace {

constexpr Micros kSecond = 1'000'000;

std::shared_ptr<Tenant> tenant_with(Rates rates) {
    auto tenant = std::make_shared<Tenant>();
    tenant->name = "acme";
    tenant->rates = rates;
    if (rates.any()) tenant->meter = std::make_shared<Meter>();
    return tenant;
}

Caller caller_with(Rates rates, std::shared_ptr<const Tenant> tenant) {
    Caller caller;
    caller.tenant = std::move(tenant);
    caller.rates = rates;
    if (rates.any()) caller.meter = std::make_shared<Meter>();
    return caller;
}

std::string headers_of(const Admission& admission, Micros now) {
    std::string lines;
    admission.append_headers(now, lines);
    return lines;
}

}  // namespace

TEST_CASE("durations as OpenAI writes them") {
    CHECK(format_reset(0) == "0s");
    CHECK(format_reset(-5) == "0s");
    CHECK(format_reset(1) == "1ms");
    CHECK(format_reset(120'000) == "120ms");
    CHECK(format_reset(1 * kSecond) == "1s");
    CHECK(format_reset(8'640'000) == "8.64s");
    CHECK(format_reset(1'005'000) == "1.005s");
    CHECK(format_reset(360 * kSecond) == "6m0s");
    CHECK(format_reset(3'603 * kSecond) == "1h0m3s");
}

TEST_CASE("without limits nothing is counted and nothing told") {
    const Caller caller = caller_with({}, tenant_with({}));
    for (int i = 0; i < 1'000; ++i) {
        Admission admission;
        CHECK_FALSE(admission.admit(caller, 1 << 20, 0));
        CHECK(headers_of(admission, 0).empty());
        admission.settle(1'000'000, 1'000);
    }
    CHECK_FALSE(caller.has_rates());
}

TEST_CASE("requests a minute: refused with what the caller has to know") {
    const Caller caller = caller_with({2, 0, 0}, tenant_with({}));
    CHECK(caller.has_rates());
    Admission first, second, third;
    CHECK_FALSE(first.admit(caller, 100, 0));
    CHECK(headers_of(first, 0) ==
          "x-ratelimit-limit-requests: 2\r\nx-ratelimit-remaining-requests: 1\r\nx-ratelimit-reset-requests: 30s\r\n");
    CHECK_FALSE(second.admit(caller, 100, 0));
    const auto refused = third.admit(caller, 100, 500'000);
    REQUIRE(refused);
    CHECK(refused->limit == Limit::requests);
    CHECK_FALSE(refused->of_tenant);
    CHECK(refused->retry_in == 29'500'000);
    CHECK(refused->message(caller) ==
          "Rate limit reached for this key on requests per minute: limit 2. Try again in 29.5s.");
    CHECK(headers_of(third, 500'000) ==
          "x-ratelimit-limit-requests: 2\r\nx-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: "
          "59.5s\r\nretry-after: 30\r\nretry-after-ms: 29500\r\n");
    Admission later;
    CHECK_FALSE(later.admit(caller, 100, 30 * kSecond));
}

TEST_CASE("tokens a minute: charged as a guess, settled as it was") {
    const Caller caller = caller_with({0, 6'000, 0}, tenant_with({}));
    {
        Admission admission;
        CHECK_FALSE(admission.admit(caller, 400, 0));
        CHECK(caller.meter->tokens.level(6'000, 0).remaining == 6'000 - 100 - Meter::kFirstGuess);
        admission.settle(1'000, 600);
        admission.settle(5'000, 600);  // once
    }
    CHECK(caller.meter->tokens.level(6'000, 0).remaining == 5'000);
    CHECK(caller.meter->usual_answer() == Meter::kFirstGuess + (600 - Meter::kFirstGuess) / 16);
    {
        Admission failed;
        CHECK_FALSE(failed.admit(caller, 400, 0));
        failed.settle(0, 0);
    }
    CHECK(caller.meter->tokens.level(6'000, 0).remaining == 5'000);
    const auto usual = caller.meter->usual_answer();
    {
        Admission unknown;
        CHECK_FALSE(unknown.admit(caller, 4'000 - 4 * static_cast<std::size_t>(usual), 0));
        unknown.settle(std::nullopt, 0);
    }
    CHECK(caller.meter->tokens.level(6'000, 0).remaining == 4'000);
    CHECK(caller.meter->usual_answer() == usual);
    Admission large;
    const auto refused = large.admit(caller, 1 << 20, 0);
    REQUIRE(refused);
    CHECK(refused->limit == Limit::tokens);
    CHECK(refused->retry_in == 20 * kSecond);  // when the bucket is full
    Admission later;
    CHECK_FALSE(later.admit(caller, 1 << 20, 20 * kSecond));
    later.settle(300, 100);
    CHECK(caller.meter->tokens.level(6'000, 20 * kSecond).remaining == 5'700);
}

TEST_CASE("requests at the same time") {
    const Caller caller = caller_with({0, 0, 2}, tenant_with({}));
    Admission first, third;
    {
        Admission second;
        CHECK_FALSE(first.admit(caller, 1, 0));
        CHECK_FALSE(second.admit(caller, 1, 0));
        const auto refused = third.admit(caller, 1, 0);
        REQUIRE(refused);
        CHECK(refused->limit == Limit::parallel);
        CHECK(headers_of(third, 0) == "retry-after: 1\r\nretry-after-ms: 1000\r\n");
    }
    CHECK(caller.meter->running() == 1);
    first.free();
    first.free();
    first.settle(3, 3);
    CHECK(caller.meter->running() == 0);
}

TEST_CASE("the tenant's limits hold over all of its keys, and a refusal takes nothing") {
    const auto tenant = tenant_with({3, 0, 0});
    const Caller one = caller_with({100, 60'000, 5}, tenant);
    const Caller other = caller_with({}, tenant);
    Admission admissions[3];
    CHECK_FALSE(admissions[0].admit(one, 1, 0));
    CHECK(headers_of(admissions[0], 0).starts_with("x-ratelimit-limit-requests: 3\r\n"));  // less is left
    CHECK_FALSE(admissions[1].admit(other, 1, 0));
    CHECK_FALSE(admissions[2].admit(other, 1, 0));
    const auto before = one.meter->tokens.level(60'000, 0).remaining;
    Admission refused;
    const auto why = refused.admit(one, 1, 0);
    REQUIRE(why);
    CHECK(why->of_tenant);
    CHECK(why->message(one).find("tenant acme") != std::string::npos);
    CHECK(one.meter->running() == 1);
    CHECK(one.meter->requests.level(100, 0).remaining == 99);
    CHECK(one.meter->tokens.level(60'000, 0).remaining == before);
}

TEST_CASE("a key's models, by the name asked for and by what it means") {
    Caller caller = caller_with({}, tenant_with({}));
    CHECK(caller.may_use("anything", "p/anything"));
    caller.models = {"gpt-4o-*", "local/small"};
    CHECK(caller.may_use("gpt-4o-mini", "openai/gpt-4o-mini"));
    CHECK(caller.may_use("small", "local/small"));
    CHECK_FALSE(caller.may_use("gpt-4o", "openai/gpt-4o"));
    CHECK_FALSE(caller.may_use("small", "other/small"));
}

TEST_CASE("threads never run more at the same time than may, and all slots come back") {
    const Caller caller = caller_with({0, 0, 3}, tenant_with({0, 0, 5}));
    std::atomic<int> running{0}, most{0}, admitted{0};
    std::vector<std::thread> threads;
    for (int each = 0; each < 8; ++each) {
        threads.emplace_back([&] {
            for (int i = 0; i < 5'000; ++i) {
                Admission admission;
                if (admission.admit(caller, 1, 0)) continue;
                ++admitted;
                const int now = ++running;
                for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
                }
                --running;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(most <= 3);
    CHECK(admitted > 0);
    CHECK(caller.meter->running() == 0);
    CHECK(caller.tenant->meter->running() == 0);
}
