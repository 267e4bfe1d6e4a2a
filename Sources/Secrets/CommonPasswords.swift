/// The passwords that attackers try first: of the 30,000 most used in public leaks (the frequency
/// list of zxcvbn, MIT licence) all of 12 or more characters and the first words of 8 to 11, with
/// the usual phrases in English and French. Shorter than the policy's minimum are here as cores:
/// "welcome" also stops "Welcome-2026!".
enum CommonPasswords {
  /// `password` in lower case.
  static func contains(_ password: String) -> Bool {
    words.contains(Substring(password))
  }

  private static let words = Set(list.split { $0 == " " || $0 == "\n" })

  private static let list = """
    010203040506 012345678910 014702580369 01telemike01 102030405060 1111111111zz 111222333000
    111222333444555 112233445566 122333444455555 123123qweqwe 123321456654 123321qweewq 123456654321
    123456782000 1234567887654321 123456789000 12345678900987654321 1234567890987654321
    1234567890qaz 1234567890qw 1234567890qwe 1234567890qwerty 1234567890zzz 123456789101
    123456789123 1234567892000 12345678987654321 123456789987654321 123456789abc 123456789asd
    123456789qaz 123456789qqq 123456789qwe 123456789qwer 123456789qwerty 123456789zxc 1234567qwertyu
    123456qwerty 1234qwerasdf 1234qwerasdfzxcv 123qwe456rty 123qweasdzxc 123qwerty123 12qw34er56ty
    159753456852 1a2s3d4f5g6h 1q2w3e4r5t6y 1qa2ws3ed4rf 1qa2ws3ed4rf5tg 1qaz2wsx3edc
    1qaz2wsx3edc4rfv 1qazxsw23edc 1qazxsw23edcvfr4 23176djivanfros 31217221027711 32615948worms
    41d8cd98f00b 4815162342lost 541233432442 59382113kevinp 742617000027 89231243658s 89876065093rax
    a1s2d3f4g5h6 aardvark abc123456789 adgjmptw admin18533362 administrator airborne airforce
    airplane alejandr aleksandr alexande alexandr amadeusptfcor amsterdam an83546921an13
    andrewjackie antananarivu aquarius asdfasdf asdfgh123456 asdfghjk asdfghjkl asdfghjkl123
    aspirine assassin atlantis auckland2010 automne autumn avrillavigne azerty azertyuiop babydoll
    babygirl barcelon barcelona baseball basketba bigballs bigboobs bigdaddy billybob blackcat
    blackdog blackjac blahblah blizzard bltynbabrfwbz bluebird blueeyes bluemoon bobafett bollocks
    bonehead bonjour bonjourbonjour boy4u2ownnyc bpgjldsgjldthnf brooklyn brucelee buckeyes budlight
    bulldogs bullshit businessbabe butterfl butterfly butthead cadillac caliente californ cardinal
    carolina catherin cavalier cdtnkfyf champion changeme changemenow changemeplease chargers
    charlott cherokee chevelle chevrole cheyenne chickenwing101 chocolat christia christin christop
    christopher1 cjdthitycndj cjkysirj cocacola colombia colorado coltrane combat123654
    companypassword computer concrete consumer contortionist cooldude corperfmonsy
    correcthorsebatterystaple corvette counterstrike creampie creative crusader customer darkness
    darkside darkstar dbrnjhbz deadhead defaultpassword defender deftones devildog devilmaycry4
    diamonds dickhead dietcoke digitalprodu dingdong discover dkflbvbh dkflbvbhjdbx dkflbvbhjdyf
    dodgeram dolphins domainlock2005 doudou drowssap drpepper einstein ekaterina electric elephant
    elizabet engineer enterpri eternity explorer finalfantasy fireball firebird fkmnthyfnbdf
    fktrcfylh fktrcfylhjdbx fktrcfylhjdf fktrcfylhjdyf flvbybcnhfnjh football freckles frederiksberg
    freepass freeuser fuckface fucktheworld fuckyoubitch fyfcnfcbz fynfyfyfhbde gangster garfield
    geronimo gfhjkmgfhjkm ghbdtnbr ghbdtnghbdtn ghbdtnrfrltkf ghhh47hj7649 ghjcnjgbpltw ghjcnjgfhjkm
    ghjcnjghjcnj ghjcnjqgfhjkm ghjcnjrdfibyj ghjnbdjcnjzybt gjkysqgbpltw godzilla goldfish goodluck
    goodtime greenday greenlantern gtnhjpfdjlcr guardian guinness halflife hannibal hardcore
    hd764nw5d7e1vb1 hedimaptfcor hellfire hercules highland hiver hollywoo hongkong hotstuff
    iampurehaha2 icecream iloveboobies ilovemyfamily ilovesex iloveyou iloveyouforever
    iloveyousomuch immortal infinity ingodwetrust installdevic installsqlst internet intrepid
    iseedeadpeople jamesbond007 jetaime jetaimebeaucoup justdoit justinbieber juventus kangaroo
    katerina kawasaki keyboard kingkong kingston kittycat lacrosse lasvegas leavemealone letmein
    letmeinplease lhbjkjubz2957704 lifehack lightnin liverpoo liverpool logitech lollipop lonestar
    lonewolf longhorn lost4815162342 loverboy lowrider lytghjgtnhjdcr mailcreated5240 makaveli
    manchester maprchem56458 marathon mariners marlboro maryjane massimiliano masterbaiting
    masterbating masturbation maurolarastefy maverick megadeth mercedes meridian mersedes metallic
    metallica mevefalkcakk michaeljackson michigan microsoft midnight minecraft minecraft123
    minnesota_hp mistress momsanaladventure mongoose monmotdepasse montreal morganstanley morpheus
    mortalkombat motdepasse motdepasse1234 motorola mountain msorcloledbr munchkin mushroom musicman
    mustangs mypassword mypasswordis needforspeed nemvxyheqdd5oqxyxyzi networkingpe newproject2004
    nhecsyfujkjdt nhfdvfnjkju123 nhfycajhvths nightcrawler nintendo nondriversig nuttertools
    oblivion olcrackmaster ontheoutside overlord p030710p$e4o pakistan panasonic panthers paradise
    paraklast1974 passport password password1234 password12345 password123456 password2024
    password2025 password2026 passwordpassword passwordstandard patriots pavilion peanutbutter
    pearljam peekaboo penguins peterpan platinum playstation2 playstation3 playtime plymouth
    polniypizdec0211 polniypizdec110211 poohbear porkchop pornographic pornstar portland portugal
    precious predator presario princess printemps ptybnxtvgbjy punisher punkrock punksnotdead
    pussycat q1w2e3r4t5y6 q1w2e3r4t5y6u7 q1w2e3r4t5y6u7i8 q1w2e3r4t5y6u7i8o9p0 qawsedrftgyh
    qaz123wsx456 qazwsxed qazwsxedc qazwsxedc123 qazwsxedcrfv qazwsxedcrfvtgb qazxswedc qazxswedc123
    qazxswedcvfr qwaszxerdfcv qweasdzxc qweasdzxc123 qwerasdf qwerasdfzxcv qwertasdfgzxcvb
    qwerty123456 qwerty123456789 qwertyasdfgh qwertyui qwertyuiop qwertyuiop10 qwertyuiop12
    qwertyuiop123 qwertyuiop12345 qwertyytrewq ragnarok raistlin rammstein redalert redskins
    redwings renegade residentevil rfnthbyf1988 rhbcnbyf rockstar rolltide rootbeer salesforce
    salesteam samantha sandiego sanfrancisco sapphire saun24865709 scarface schoolgirlie scoobydo
    scorpion scotland sebastia secret security seemnemaailm seinfeld seminole semperfi septembe
    serenity shamrock sherlock shithead showtime simpsons sithlord skittles skywalke slapshot
    slipknot snickers snowball socrates softball software sojdlg123aljg sonnenschein sonyericsson
    spanking specialinsta spiderma spiderman spitfire spring squirrel srinivas stallion starcraft
    stardust stargate startrek starwars steelers stephani stickdaddy77 stingray stinkyfinger
    stocking stonecol stranger stratocaster summer sundance sunshine superfly superman supersecret
    svetlana sweetpea swimming swordfis swordfish systemofadown tacobell tarheels temppassword
    thailand thankyou thecakeisalie thisismypassword thuglife ticketmaster titleist topsecret
    tottenha trfnthbyf trombone trustnoone twilight ultimate vacation valentin valentina vanhalen
    vanyarespekt verbatim veronika vfhbyfvfhbyf vfrcbvvfrcbv vfvfvskfhfve vladimir vladimirovna
    warcraft warhammer40k warriors waterloo wazzkaprivet websolutions websolutionssu webuivalidat
    weihnachtsbau weihnachtsbaum welcome welcome1234 welcomehome welcometo werewolf westside
    wetpussy whatever whosyourdaddy wildcats winter wolfgang wolfpack wolverin wolverine wordpass
    wrangler xxxp455w0rd5 z1x2c3v4b5n6m7 zaq1xsw2cde3 zaqwsxcderfv zcfvfzkexifz zeppelin
    zqjphsyf6ctifgu zxcasdqwe123 zxcvbn123456 zxcvbnm123456789
    """
}
