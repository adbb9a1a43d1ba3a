#include "admin/alert_message.h"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::admin;

TEST_CASE("a message's body, and what of it a webhook wants") {
    const std::vector<Alert> alerts{{AlertKind::budget_near, "teams/acme", "81 % of 50 USD", 7, 1'000, 0, true},
                                    {AlertKind::errors, "", "9 % of 40", 8, 1'000, 2'000, true}};
    telemetry::AlertWebhook webhook;
    CHECK(alert_body(alerts, webhook, "a-1", 3'000) ==
          R"({"text":"Weir: budget_near (teams/acme): 81 % of 50 USD\nresolved: errors: 9 % of 40","id":"a-1",)"
          R"("version":1,"made_unix_us":3000,"firing":1,"resolved":1,"more":0,"alerts":[)"
          R"({"id":"0000000000000007","alert":"budget_near","of":"teams/acme","state":"firing","level":"warning",)"
          R"("since_unix_us":1000,"ended_unix_us":null,"text":"81 % of 50 USD"},)"
          R"({"id":"0000000000000008","alert":"errors","of":"","state":"resolved","level":"critical",)"
          R"("since_unix_us":1000,"ended_unix_us":2000,"text":"9 % of 40"}]})");
    webhook.text_only = true;
    webhook.least = telemetry::AlertLevel::critical;
    CHECK(alert_body(alerts, webhook, "a-1", 3'000) == R"({"text":"Weir: resolved: errors: 9 % of 40"})");
    webhook.only.reset();
    CHECK(alert_body(alerts, webhook, "a-1", 3'000).empty());
    const std::vector<Alert> many(kMostTold + 3, alerts[0]);
    CHECK(alert_body(many, {}, "a-2", 1).find(R"("more":3)") != std::string::npos);
}

TEST_CASE("signed as Standard Webhooks' own example is") {
    const AlertMessage message{"", "msg_p5jXN8AQM9LWM0D4loKWxJek", 0, R"({"test": 2432232314})"};
    CHECK(webhook_lines(message, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1'614'265'330'000'000) ==
          "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\nwebhook-timestamp: 1614265330\r\n"
          "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\r\n");
    CHECK(webhook_lines(message, "", 5'000'000) ==
          "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\nwebhook-timestamp: 5\r\n");
    CHECK_FALSE(webhook_key("whsec_!"));
    CHECK(*webhook_key("plain words") == "plain words");
}
