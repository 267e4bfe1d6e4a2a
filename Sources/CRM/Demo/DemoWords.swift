/// What the demo's leads are made of: a joiner's customers in two languages.
struct DemoWords {
  struct Job {
    let title: String
    let description: String
    /// Euros.
    let thousands: ClosedRange<Int>

    init(_ title: String, _ thousands: ClosedRange<Int>, _ description: String) {
      self.title = title
      self.description = description
      self.thousands = thousands
    }
  }

  let firstNames: [String]
  let lastNames: [String]
  let companies: [String]
  let homes: [Job]
  let businesses: [Job]
  let circumstances: [String]
  let sources: [String]
  let setbacks: [String]
  let suppressions: [String]
  let losses: [String]

  static func of(_ language: DemoLead.Language) -> DemoWords {
    switch language {
    case .english: english
    case .french: french
    }
  }
}

extension DemoWords {
  private static let french = DemoWords(
    firstNames: [
      "Claire", "Julien", "Amélie", "Nicolas", "Sophie", "Mathieu", "Léa", "Antoine", "Chloé",
      "Hélène", "François", "Nathalie", "Karim", "Élodie", "Olivier", "Margaux", "Yann", "Fatima",
      "Rémi", "Solène", "Benoît", "Aurélie", "Malik", "Céline",
    ],
    lastNames: [
      "Fontaine", "Moreau", "Lefèvre", "Girard", "Roussel", "Benali", "Chevalier", "Garnier",
      "Besson", "Marchand", "Perrin", "Le Gall", "Vasseur", "Dumont", "Haddad", "Colin", "Gauthier",
      "Renaud", "Barbier", "Delorme", "Charpentier", "N'Diaye", "Masson", "Collet",
    ],
    companies: [
      "Boulangerie Martin", "Hôtel du Lac", "Café Lumière", "Pharmacie des Halles",
      "Cabinet Rousseau", "Librairie du Canal", "École Montessori Vincennes", "Clinique Saint-Roch",
      "Fromagerie Beaufils", "Studio Horizon", "Domaine de Valmont", "Optique Bellecour",
      "Agence Pollen", "Restaurant La Criée", "Théâtre de la Rampe", "Notaires Vidal et Fils",
      "Maison Cordier", "Coopérative Les Deux Rives", "Galerie Ardent", "Crèche Les Moineaux",
    ],
    homes: [
      Job(
        "Bibliothèque sur mesure", 4...14,
        "Mur de livres du sol au plafond, en chêne, avec échelle."),
      Job(
        "Cuisine en chêne", 12...38, "Cuisine ouverte avec îlot, façades en chêne, plan en pierre."),
      Job(
        "Dressing sous combles", 5...16,
        "Rangements sous pente, portes coulissantes, éclairage intégré."),
      Job(
        "Escalier et garde-corps", 8...26, "Escalier quart tournant en frêne, garde-corps en métal."
      ),
      Job("Terrasse en bois", 6...18, "Terrasse de 40 m² avec banc et jardinières."),
      Job(
        "Fenêtres à l'ancienne", 9...31, "Remplacement de sept fenêtres dans un immeuble classé."),
    ],
    businesses: [
      Job("Comptoir d'accueil", 7...22, "Comptoir courbe pour l'accueil, accessible en fauteuil."),
      Job(
        "Agencement de la boutique", 18...64, "Mobilier de vente, vitrines et caisse, pose de nuit."
      ),
      Job("Salle de réunion", 9...28, "Table de quatorze places, cloison acoustique, rangements."),
      Job(
        "Banquettes et assises", 6...19,
        "Banquettes le long du mur et douze chaises assorties, tissu lavable."),
      Job(
        "Bureaux, première tranche", 25...90,
        "Douze postes de travail avec rangements, livrés en deux fois."),
      Job("Rayonnages", 5...24, "Rayonnages modulables que l'équipe déplace elle-même."),
    ],
    circumstances: [
      "Le chantier commence dans deux mois.", "Décision prévue après les vacances.",
      "A vu notre travail chez un voisin.", "Demande aussi une variante en noyer.",
      "Le budget doit encore être confirmé.", "Préfère être rappelé en fin de journée.",
      "Compare avec deux autres ateliers.", "Photos et plan reçus.",
    ],
    sources: [
      "Site web", "Recommandation", "Salon Habitat", "Téléphone", "Architecte partenaire",
      "Instagram",
    ],
    setbacks: [
      "Le plan change : il faut reprendre les mesures.",
      "Le client ajoute une pièce, nous repartons de ses besoins.",
      "Le copropriétaire demande une autre variante.",
    ],
    suppressions: [
      "A demandé au téléphone de ne plus recevoir de courrier.",
      "Litige en cours : plus aucun envoi jusqu'à nouvel ordre.",
    ],
    losses: [
      "Une offre concurrente, 12 % moins chère.",
      "Le projet est reporté sans date.",
      "Budget trop court pour du sur-mesure.",
    ])

  private static let english = DemoWords(
    firstNames: [
      "Emily", "James", "Priya", "Daniel", "Charlotte", "Owen", "Grace", "Samuel", "Aisha", "Peter",
      "Hannah", "Marcus", "Ruth", "Callum", "Eleanor", "David", "Naomi", "Patrick", "Zoe", "Martin",
    ],
    lastNames: [
      "Harper", "Whitfield", "O'Connor", "Patel", "Sinclair", "Brooks", "Fletcher", "Okafor",
      "Marsh", "Gallagher", "Thornton", "Reid", "Lambert", "Chaudhry", "Ashworth", "Kerr", "Doyle",
      "Bennett", "Hughes", "Novak",
    ],
    companies: [
      "Harbour & Sons", "Northgate Dental", "The Copper Kettle", "Larkfield Primary School",
      "Brightside Optometry", "Quayside Hotel", "Fenwick Architects", "Meridian Law",
      "Old Mill Brewery", "Rosewood Care Home", "Tidewater Gallery", "Castle Street Books",
      "Pennine Outdoor", "Bluebell Nursery", "Stanton Vets",
    ],
    homes: [
      Job(
        "Home library", 4...15,
        "Floor-to-ceiling shelving in oak for two walls, with a window seat."),
      Job("Kitchen refit", 14...42, "Shaker kitchen with larder and island; existing floor stays."),
      Job(
        "Staircase", 9...27, "New ash staircase in place of a 1970s one, building control involved."
      ),
      Job("Fitted wardrobes", 5...15, "Wardrobes for two bedrooms under a sloping ceiling."),
      Job(
        "Garden room", 17...48, "Insulated garden room of 18 m² to work in, with desk and storage."),
    ],
    businesses: [
      Job(
        "Reception desk", 6...21, "Curved reception desk with a lowered section and hidden cabling."
      ),
      Job(
        "Shop fit-out", 20...70,
        "Counters, wall units and a changing area; three nights to install."),
      Job("Meeting room", 8...26, "Table for twelve, acoustic panels, a cupboard for the screen."),
      Job(
        "Display cabinets", 5...23, "Lockable cabinets with lighting; must survive schoolchildren."),
      Job(
        "Staff kitchen", 9...31,
        "Kitchen for thirty people with a long table; sinks supplied by others."),
    ],
    circumstances: [
      "Wants to start within two months.", "Decides after the board meets.",
      "Saw our work at a neighbour's.", "Would like a variant in walnut.",
      "Budget still to be confirmed.", "Best reached late in the day.",
      "Two other workshops were asked too.", "Photographs and a plan are with us.",
    ],
    sources: ["Website", "Referral", "Trade fair", "Phone", "Partner architect", "LinkedIn"],
    setbacks: [
      "The plan changed: we have to measure again.",
      "They added a room, so we start again from what they need.",
      "The landlord asks for another variant.",
    ],
    suppressions: [
      "Asked on the phone not to be written to any more.",
      "Dispute about an invoice: nothing goes out until it is settled.",
    ],
    losses: [
      "Another offer was 12 % lower.",
      "They put it off without a date.",
      "The budget is too small for made to measure.",
    ])
}
