// Lists of words of one sort, for meanings.h: dates, places, nationalities, persons, products; words that add nothing,
// that change what is asked, that hold both ways, that take a prefix. A word of these equals only itself.
#pragma once

#include <string_view>

namespace weir::tiers::semantic::tables {

inline constexpr std::string_view months =
    "january february march april june july august september october november december jan feb apr jun jul aug sep "
    "sept oct "
    "nov dec";
inline constexpr std::string_view weekdays =
    "monday tuesday wednesday thursday friday saturday sunday weekend weekday today "
    "yesterday tomorrow tonight";

// Countries, states, large cities: written small as often as not.
inline constexpr std::string_view places =
    "afghanistan albania algeria andorra angola argentina armenia australia austria azerbaijan bahamas bahrain "
    "bangladesh "
    "barbados belarus belgium belize benin bhutan bolivia bosnia botswana brazil brunei bulgaria burundi cambodia "
    "cameroon "
    "canada chad chile china colombia comoros congo croatia cuba cyprus czechia denmark djibouti dominica ecuador "
    "egypt "
    "eritrea estonia eswatini ethiopia fiji finland france gabon gambia germany ghana greece greenland grenada guam "
    "guatemala "
    "guinea guyana haiti honduras hungary iceland india indonesia iran iraq ireland israel italy jamaica japan jordan "
    "kazakhstan kenya kiribati kosovo kuwait kyrgyzstan laos latvia lebanon lesotho liberia libya liechtenstein "
    "lithuania "
    "luxembourg madagascar malawi malaysia maldives mali malta mauritania mauritius mexico micronesia moldova monaco "
    "mongolia "
    "montenegro morocco mozambique myanmar burma namibia nauru nepal netherlands holland nicaragua niger nigeria "
    "norway oman "
    "pakistan palau palestine panama paraguay peru philippines poland portugal qatar romania russia rwanda samoa "
    "senegal "
    "serbia seychelles singapore slovakia slovenia somalia spain sudan suriname sweden switzerland syria taiwan "
    "tajikistan "
    "tanzania thailand togo tonga tunisia turkey turkmenistan tuvalu uganda ukraine uruguay uzbekistan vanuatu "
    "venezuela "
    "vietnam yemen zambia zimbabwe usa uk england scotland wales britain europe asia africa antarctica kashmir tibet "
    "london paris berlin madrid rome vienna moscow beijing shanghai tokyo osaka kyoto seoul delhi mumbai bombay "
    "bangalore "
    "bengaluru chennai kolkata hyderabad pune jaipur lucknow ahmedabad chandigarh kerala gujarat punjab maharashtra "
    "bihar goa "
    "karnataka karachi lahore islamabad dhaka kathmandu colombo dubai doha riyadh tehran baghdad cairo lagos nairobi "
    "johannesburg sydney melbourne brisbane perth auckland toronto vancouver montreal ottawa chicago boston seattle "
    "houston "
    "dallas austin denver miami atlanta philadelphia detroit phoenix california texas florida nyc manhattan brooklyn "
    "oregon "
    "ohio michigan illinois virginia alaska hawaii nevada arizona colorado minnesota wisconsin tennessee alabama "
    "kentucky "
    "louisiana oklahoma kansas iowa utah nebraska montana idaho maine vermont delaware barcelona milan venice florence "
    "naples "
    "lisbon athens istanbul ankara munich hamburg frankfurt zurich geneva amsterdam rotterdam brussels copenhagen "
    "stockholm "
    "oslo helsinki dublin edinburgh glasgow manchester liverpool oxford prague warsaw budapest bucharest sofia "
    "belgrade kiev "
    "kyiv minsk bangkok hanoi jakarta manila havana lima bogota santiago caracas";

inline constexpr std::string_view nationalities =
    "afghan albanian algerian american angolan arab argentine argentinian armenian asian african european australian "
    "austrian "
    "azerbaijani bangladeshi belgian bolivian brazilian british bulgarian burmese cambodian cameroonian canadian "
    "chilean chinese "
    "colombian congolese croatian cuban czech danish dutch ecuadorian egyptian english estonian ethiopian filipino "
    "philippine "
    "finnish french georgian german ghanaian greek guatemalan haitian honduran hungarian icelandic indian indonesian "
    "iranian "
    "iraqi irish israeli italian jamaican japanese jordanian kazakh kenyan korean kuwaiti lebanese libyan lithuanian "
    "latvian "
    "malaysian maltese mexican mongolian moroccan nepalese nepali nigerian norwegian pakistani palestinian panamanian "
    "paraguayan peruvian polish portuguese romanian russian rwandan saudi scottish senegalese serbian singaporean "
    "slovak "
    "slovenian somali spanish sudanese swedish swiss syrian taiwanese tanzanian thai tibetan tunisian turkish ugandan "
    "ukrainian "
    "uruguayan uzbek venezuelan vietnamese welsh yemeni zambian zimbabwean christian muslim jewish hindu buddhist sikh "
    "catholic "
    "protestant mormon atheist agnostic jain";

inline constexpr std::string_view persons =
    "james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony donald "
    "steven paul "
    "andrew joshua kenneth kevin brian george edward ronald timothy jason jeffrey ryan jacob gary nicholas eric "
    "jonathan stephen "
    "larry justin scott brandon benjamin samuel gregory patrick alexander jack dennis jerry tyler aaron jose adam "
    "nathan henry "
    "zachary peter kyle noah ethan jeremy walter christian keith roger terry sean gerald carl harold dylan arthur "
    "lawrence jesse "
    "bryan billy bruce gabriel joe logan alan juan albert willie elijah wayne randy vincent mason roy ralph bobby "
    "russell bradley "
    "philip eugene liam lucas oliver mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa "
    "nancy betty "
    "sandra margaret ashley kimberly emily donna michelle carol amanda melissa deborah stephanie rebecca laura helen "
    "sharon "
    "cynthia kathleen amy angela shirley anna ruth brenda pamela nicole katherine virginia catherine christine "
    "samantha debra "
    "janet rachel carolyn emma maria heather diane julie joyce evelyn joan victoria kelly christina lauren frances "
    "martha judith "
    "cheryl megan andrea olivia ann jean alice jacqueline hannah doris kathryn gloria teresa sara janice marie julia "
    "grace judy "
    "theresa beverly denise marilyn amber danielle brittany rose diana abigail natalie jane lori alexis tiffany kayla "
    "erin tom "
    "bob mike dave jim bill steve dan matt chris tony ben sam alex max leo oscar hugo felix lucy sophie sophia "
    "isabella mia ava "
    "charlotte amelia harper ella chloe zoe nora lily claire kate katie maggie molly jill anne peggy sally wendy ravi "
    "rahul amit "
    "priya anita sanjay vijay arjun raj sunil deepak neha pooja omar ahmed ali fatima hassan ibrahim yusuf layla "
    "carlos luis "
    "pedro diego sofia elena lucia marta ivan boris olga natasha wei ming li chen hiroshi yuki kenji";

inline constexpr std::string_view products =
    "google facebook twitter instagram whatsapp snapchat youtube quora linkedin amazon apple microsoft samsung nokia "
    "sony xiaomi "
    "huawei oneplus motorola lenovo dell asus acer intel nvidia android ios iphone ipad macbook windows linux ubuntu "
    "debian "
    "fedora python javascript typescript rust golang kotlin scala perl fortran haskell mysql postgres postgresql "
    "sqlite mongodb "
    "redis oracle excel powerpoint photoshop chrome firefox safari netflix hulu spotify uber lyft airbnb tesla toyota "
    "honda ford "
    "bmw audi mercedes nissan hyundai kia volkswagen volvo ferrari boeing airbus walmart costco ebay paypal visa "
    "mastercard "
    "bitcoin ethereum reddit tumblr pinterest tinder gmail yahoo bing outlook skype zoom slack docker kubernetes nginx "
    "apache "
    "django flask rails react angular vue svelte numpy pandas tensorflow pytorch spark hadoop kafka trump obama "
    "clinton modi "
    "putin hillary nasa fifa nba nfl jio airtel vodafone verizon";

inline constexpr std::string_view fillers =
    "please pls plz ever actually really literally indeed basically truly exactly anyway essentially genuinely somehow "
    "specifically obviously surely certainly definitely presumably";

// One more of these, and something else is asked.
inline constexpr std::string_view scopes =
    "only become becoming stop quit start keep try attempt avoid pretend refuse remain stay seem claim fail "
    "simultaneously "
    "former formerly previously ex aspiring alleged potential future fake retired acting temporary temporarily "
    "permanently "
    "partially completely fully first last next previous second third final original latest least almost nearly";

inline constexpr std::string_view symmetric =
    "marry married marrying related engaged connected dating living allied linked separated divorced different near "
    "close relate engage connect similar identical equal equivalent adjacent parallel perpendicular link compatible "
    "acquaint acquaintance relative contemporary ally rival spouse meet date cousin sibling friend neighbor twin "
    "colleague partner classmate roommate differ different divorce "
    "separate isomorphic congruent equidistant";

// "un-", "in-", "dis-", ... with these make the opposite.
inline constexpr std::string_view affix_bases =
    "able acceptable accurate adequate affected aided aligned allowed ambiguous answered appropriate armed "
    "authorized available avoidable balanced bearable believable biased breakable broken certain changed comfortable "
    "common complete conditional connected conscious consistent constitutional controlled convinced correct covered "
    "dated decided defined dependent desirable direct documented educated encrypted equal essential ethical even "
    "eventful expected explained familiar fair fashionable finished flexible forgettable formal fortunate friendly "
    "frequent grateful happy harmed healthy helpful important informed inhabited intelligent intended interested "
    "interesting invited known legal licensed likely limited literate logical loved lucky married mature mutable "
    "manned moral moved named natural necessary noticed official ordered paid patient perfect personal planned "
    "pleasant polite popular possible practical predictable prepared processed productive profitable protected "
    "proven published qualified reachable readable real realistic reasonable registered regular regulated related "
    "reliable religious resolved responsible restricted rational safe secure seen selected sensitive settled signed "
    "skilled solved sorted stable structured successful suitable supervised supported sure tested tidy titled "
    "trained true trusted typical used usual valid valued verified visible wanted welcome wise worthy";

}  // namespace weir::tiers::semantic::tables
