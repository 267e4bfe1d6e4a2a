/// Words that a name may hold and that say nothing of whose it is.
enum CommonWords {
  /// The words of a name, folded, umlauts also as they are typed without: see ``Passage/Word/folded``.
  static func split(_ name: String) -> [String] { Passage(name).words.map(\.folded) }

  static func has(_ word: String) -> Bool {
    word.unicodeScalars.count < 2 || common.contains(word) || legalForms.contains(word)
      || isAlsoName(word)
  }

  /// Fontaine of Fontaine SAS, of SARL Fontaine and of Fontaine S.A.S.; all of it where nothing else is left.
  static func withoutLegalForm(_ words: [String]) -> [String] {
    var rest = words[...]
    while true {
      if let last = rest.last, legalForms.contains(last) { rest.removeLast(); continue }
      if let first = rest.first, legalForms.contains(first) { rest.removeFirst(); continue }
      let letters = rest.reversed().prefix { $0.unicodeScalars.count == 1 }
      if letters.count > 1, legalForms.contains(letters.reversed().joined()) {
        rest.removeLast(letters.count)
        continue
      }
      return rest.isEmpty ? words : Array(rest)
    }
  }

  /// Words that people are called by, and that stand in texts as words far more often.
  static func isAlsoName(_ word: String) -> Bool { names.contains(word) }

  private static let names = Set(
    """
    mark may will grant rich bill art hope joy grace rose faith summer dawn frank young long short white black brown \
    green bon petit grand blanc noir
    """.split(separator: " ").map(String.init))

  private static let legalForms = Set(
    """
    sa sas sasu sarl eurl sci snc scop scp selarl gie ei eirl gmbh ag kg ug ohg kgaa gbr ev se ltd limited inc \
    incorporated llc llp lp plc corp corporation co company cie compagnie bv nv cv vof srl spa sl slu sau lda ab as \
    asa aps oy oyj hb kft zrt nyrt sro doo ood ead sp zoo pty pte bhd kk gk pvt sia uab ou
    """.split(separator: " ").map(String.init))

  /// Particles, the small words of English and French, and what many companies are called by.
  private static let common = Set(
    """
    a an and are as at be but by can do for from had has have he her him his i if in is it its me my no not of on or \
    our she so than that the their them then they this to up us was we were what who will with would you your \
    au aux avec ce ces cette chez d dans de des du elle elles en est et eux il ils j je l la le les leur leurs lui m \
    ma mais mes mon n ne nos notre nous on ont ou par pas plus pour qu que qui s sa sans se ses si son sont sur t ta \
    te tes toi ton tu un une vos votre vous y sous entre \
    von van der den dem das die und zu zum zur am im vom bei ter ten het del della delle dei di da dal do dos das los \
    las el al bin ibn ben abu bint san santa saint sainte st ste mr mrs ms mme mlle dr prof sir madame monsieur \
    group groupe gruppe holding holdings partner partners partenaires associates associes fils freres sons brothers \
    service services solution solutions system systems systeme systemes consulting conseil conseils agency agence \
    studio studios atelier ateliers maison maisons house home homes hotel restaurant cafe bar bakery boulangerie \
    kitchen kitchens cuisine cuisines bain bains bath design designs construction constructions building builders \
    batiment renovation renovations travaux bois wood works metal menuiserie garage garden gardens jardin jardins \
    immobilier estate property properties energy energie solar solaire water eau electric electricite transport \
    logistics logistique food foods market marche shop store stores boutique center centre international global \
    europe france paris london world monde new nouveau nouvelle grand grande petit petite big little first premier \
    best good great bon bonne beau belle nord sud est ouest north south east west city ville village \
    bank banque school ecole college club association society societe institut institute foundation fondation \
    media digital data software technologies technology tech labs lab industrie industries \
    info contact sales hello office mail admin support team bonjour accueil commercial vente ventes direction \
    compta comptabilite billing invoice kontakt
    """.split(separator: " ").map(String.init))

  /// Where anybody may have an address.
  static let mailHosts: Set<String> = [
    "gmail.com", "googlemail.com", "outlook.com", "outlook.fr", "hotmail.com", "hotmail.fr",
    "hotmail.co.uk",
    "live.com", "live.fr", "msn.com", "yahoo.com", "yahoo.fr", "yahoo.co.uk", "ymail.com",
    "icloud.com", "me.com",
    "mac.com", "aol.com", "gmx.de", "gmx.net", "gmx.fr", "web.de", "t-online.de", "orange.fr",
    "wanadoo.fr", "free.fr",
    "sfr.fr", "laposte.net", "bbox.fr", "proton.me", "protonmail.com", "zoho.com", "mail.com",
    "yandex.com",
  ]
}
