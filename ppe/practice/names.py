"""Names to make people and groups from."""

# fmt: off
GIVEN = (
    "Ada", "Adele", "Aisha", "Alan", "Alexei", "Amara", "Amir", "Ana", "Anders", "Anneke", "Arjun", "Astrid",
    "Beatriz", "Bram", "Camille", "Carlos", "Chen", "Chiara", "Clara", "Daan", "Dalia", "Davide", "Deniz", "Diego",
    "Edith", "Elena", "Elif", "Emma", "Erik", "Esther", "Fatima", "Felix", "Fleur", "Freya", "Gabriel", "Grace",
    "Hana", "Hannah", "Hassan", "Henrik", "Hugo", "Ida", "Imani", "Ines", "Ingrid", "Isaac", "Ivan", "Jana",
    "Jasper", "Johan", "Jonas", "Juan", "Kaito", "Karin", "Katja", "Kofi", "Laila", "Lars", "Lena", "Leo", "Linh",
    "Lotte", "Lucia", "Luca", "Maarten", "Magnus", "Malik", "Maria", "Marta", "Mei", "Mila", "Miriam", "Mohammed",
    "Nadia", "Naomi", "Niels", "Nina", "Noor", "Olga", "Oscar", "Paula", "Pedro", "Petra", "Priya", "Rafael",
    "Rosa", "Ruben", "Sabine", "Samuel", "Sanne", "Sara", "Sofia", "Stefan", "Sven", "Tariq", "Tessa", "Thomas",
    "Tomas", "Uma", "Vera", "Viktor", "Wanda", "Willem", "Xenia", "Yara", "Yusuf", "Zara",
)
SURNAMES = (
    "Abbas", "Adeyemi", "Almeida", "Andersen", "Aydin", "Bakker", "Bauer", "Bianchi", "Blom", "Bosman", "Brandt",
    "Carter", "Castillo", "Chaudhry", "Costa", "Dekker", "Diallo", "Dimitrov", "Duarte", "Dubois", "Eriksen",
    "Evans", "Ferrari", "Fischer", "Fontaine", "Garcia", "Gerrits", "Haddad", "Hansen", "Hoekstra", "Horvat",
    "Ibrahim", "Ivanova", "Jansen", "Johansson", "Kaplan", "Khan", "Kimura", "Kovac", "Kuiper", "Lambert", "Larsen",
    "Lindqvist", "Lopez", "Maas", "Mancini", "Martens", "Meyer", "Moreau", "Mulder", "Nakamura", "Ndiaye", "Nguyen",
    "Novak", "Okafor", "Olsen", "Osei", "Park", "Patel", "Peeters", "Pereira", "Petrov", "Postma", "Quist", "Ramos",
    "Reyes", "Ricci", "Rossi", "Sato", "Schmidt", "Silva", "Singh", "Smit", "Sorensen", "Suzuki", "Svensson",
    "Tanaka", "Torres", "Uchida", "Vermeer", "Visser", "Vos", "Wagner", "Weber", "Willems", "Wolff", "Yildiz",
    "Zhang", "Zimmermann",
)
# fmt: on
TITLES = (
    "Account Manager",
    "Analyst",
    "Buyer",
    "Consultant",
    "Designer",
    "Developer",
    "Engineer",
    "Paralegal",
    "Planner",
)
TEAMS = ("Sales", "Finance", "Legal", "Support", "Design", "Research", "Logistics", "Purchasing", "Marketing", "Safety")
PLACES = ("Amsterdam", "Berlin", "Madrid", "Oslo", "Porto", "Turin", "Utrecht", "Vienna", "Warsaw", "Zagreb")
