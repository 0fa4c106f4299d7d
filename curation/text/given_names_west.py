"""More given names of Western, Southern and Northern Europe and of the Americas."""

from typing import Final

WEST: Final = """
    Aafke Aaliyah Aaltje Abbondio Abelard Abner Adalberto Adalid Addison Addisyn Addolorata Adelaida Adélaïde
    Adeline Adelino Adelmo Adelson Ademir Adenilson Adilson Admilson Adri Adriaan Afamasaga Afonso Agatha
    Aglaé Agnaldo Águeda Aideen Aiden Ailbhe Ailish Ailsa Ailton Aine Airton Aksel Alana Alastair Alban
    Albéric Albin Albina Albino Alceu Alcides Aldina Aldous Alec Alejo Aleth Aletha Aletta Alexandria Alfhild
    Alida Aliénor Aline Alisa Alisha Alistair Aliyah Alizée Allie Allyson Alma Aloisia Aloísio Alondra Alonzo
    Altair Althea Alva Alvin Alvise Alwin Alwine Amadeo Amancio Amari Amaru Amaury Amaya Ambrogio Ambrose
    Ambrosio Américo Amie Amos Anacleto Anaëlle Anahí Anaru Anastasia Anastasio Anaya Anderson Andreia
    Andreina Andressa Andreu Angèle Angeline Angelines Angharad Angie Angiola Aniceto Aniello Anissa Aniyah
    Annaëlle Anneke Annelien Annemiek Annemieke Annett Annica Ansel Anselma Anselmo Ansgar Antimo Antje Antony
    Antoon Aonghas Aparecida Aparecido Apolonia Aquilino Aracely Arancha Archibald Arely Arend Ariana Arie
    Ariel Aritz Arjan Arjen Arlindo Arline Arlo Armandine Armida Armindo Arnaldo Arnau Arnfinn Aroha Aroldo
    Aron Arran Arrigo Arsenio Artemio Arvo Ascanio Ásdís Asher Åshild Ashlee Ashlyn Ashton Assumpta Ásta Astor
    Atle Atticus Attracta Aubin Aubrey Augusta Augustine Augustus Aukje Auli Aurèle Aurora Aurore Avelino
    Avery Ayanna Ayelén Aymara Aymeric Azalea Azelio Bäbi Babs Bailey Bairbre Baldassarre Baldemar Balder
    Baldomero Baltasar Barnaba Barnaby Barrett Bart Bartholomew Bartolomé Basile Bastiaan Bastian Battista
    Baukje Bautista Beau Belinda Bella Belle Bendik Benedict Benedita Benedito Benigna Benita Benjy Bennett
    Bennie Benny Bente Bento Berend Berith Bernabé Bernadine Bernarda Bert Berthold Bertie Bertil Bertus Bess
    Beth Betsie Betsy Bettan Bette Bettie Beulah Biagio Bibiana Bice Billie Birthe Bjarki Bjarte Blaine Blaise
    Blake Blanche Blathnaid Blodwen Bob Bobby Bonaventura Bonifacio Bonita Bonnie Boudewijn Boyd Braden
    Bradford Brady Brage Brando Branwen Brás Brayan Brayden Brechtje Breda Brendon Brennan Breno Briana Brid
    Briege Brielle Brígida Briseida Brita Brock Broderick Brodie Brody Bronwyn Brooke Brooklyn Brunella
    Brunilde Bryant Brynhildur Brynn Bryson Byron Cäcilia Caden Caiden Cain Caio Caíque Callan Callie Calum
    Camden Camillo Camilo Camryn Candace Candice Candy Caoilfhionn Caoimhe Caoimhin Cara Carey Carissa Carlene
    Carlijn Carlotta Carlton Carme Carmella Carmem Carroll Carson Casandra Casey Casilda Casimiro Casper
    Cassandra Cassandre Cássia Cassidy Cassie Cássio Cassius Cástor Catalino Catarina Catello Cathair
    Catharina Catia Cauã Cecelia Ceija Celedonio Célestin Celestina Célio Celso Ceri Cesira Chandler Chanel
    Charis Charley Charlotta Charmaine Chasity Chelo Cheri Cherie Chester Chiel Chrissie Christiaan Christie
    Christl Christy Chrystal Chuck Cilli Cíntia Cipriano Ciriaco Cirilo Citlali Claretta Clarice Clarissa
    Clayton Cléa Cleber Cleide Cleiton Clelia Cléo Cleofe Cletus Cleusa Cleveland Cliff Clint Clodagh Clyde
    Coen Coenraad Coinneach Colby Coleman Colmán Colomba Colton Conall Conceição Conchobhar Conrado Consolata
    Constança Constantin Constantino Constanza Cooper Cor Cora Corbin Cordelia Cordula Coretta Corine Corinna
    Cornelio Cornelis Corrine Cory Cosima Costantino Costanza Crescencio Crescenzo Cressida Crispin Cristiana
    Cristiane Cristoforo Cuan Cuauhtémoc Cunégonde Curt Custódio Cyrus Dagfinn Dagoberto Dagrun Dahlia Daiane
    Dakota Dalia Dalva Damaris Damiano Damion Dane Dankwart Darcie Darcy Daria Darla Darnell Darrin Daryl
    Davey Davida Davina Davis Dawson Dayana Deandre Dearbhla Decio Dee Deena Deise Delbert Delfim Delfina
    Delia Delilah Della Delyth Demarcus Demetrio Demi Dena Denílson Denzel Deolinda Dervla DeShawn Desiderio
    Desirée Dessie Devante Devon Dewayne Dewey Dexter Deyanira Dianne Dieuwertje Diletta Dinah Diogo Diomira
    Dion Dionisio Dirceu Dirkje Ditte Dixie Djalma Dolly Dolores Domingas Domingos Dominick Domitilla Donata
    Donnchadh Donnell Donnie Donovan Doortje Doriana Dorival Dorotea Dorothee Dorte Dorthe Doug Doyle Drew
    Duarte Dudley Duke Dulce Dulcie Dymphna Eanna Earnestine Easton Ebbe Edda Edelmiro Éder Ederson Edgard
    Edie Edilson Edimilson Edison Edivaldo Edmée Edson Eduarda Edvard Edvin Edwige Edwina Eefje Eelco Eeva
    Effie Efraín Egbert Egidio Eibhlin Eija Eilish Einari Eirlys Eithne Eivind Eladio Elba Élcio Elda Éléa
    Eleanora Eleazar Elettra Elga Eliana Elias Eliete Eligio Eline Elinor Elis Elisabet Elisabete Eliseo
    Eliseu Elisha Elizabete Ellinor Elliot Elliott Ellis Elly Ellyn Elma Elna Éloi Els Elsbeth Elspeth Elton
    Elva Elvi Elvia Elvin Elvire Elvis Elwood Elza Emanuel Emer Émeric Emerson Emilce Emiliano Emilse Emmet
    Emmett Emmy Enda Enea Ennio Enriqueta Ephraim Erasmo Ercole Erdmute Ericka Érico Erma Eros Ersilia Esau
    Eskil Esko Esmee Espen Essie Estanislao Estefany Ester Esterina Estêvão Etta Euan Eudes Eudoxie Eula Eunan
    Eurico Evandro Évariste Evaristo Eve Evelia Evelien Eveliina Everett Everton Ezekiel Ezra Fa'afetai
    Fabiana Fabiano Fabrício Fabrizia Falk Fannie Faustina Faustine Faustino Fay Faye Fedele Fedora Felecia
    Felícia Feliciano Félicien Felicita Félicité Felisa Fenna Fenton Ferdinanda Fermo Ferris Ferry Fetu Ffion
    Fiachra Fiadh Fiammetta Fidelia Fidelma Fidencio Fiete Filipa Filipe Finbarr Finja Finnian Finnur Fiorenza
    Flavien Fletcher Floriana Floriano Florinda Floris Flossie Fokke Forrest Fortunata Fortunato Francelin
    Francesc Francette Franchino Franciscus Franka Frankie Frans Franzi Frederik Fredric Fredrick Freek Freyja
    Fridolin Friedel Friedlinde Fritjof Frits Froilán Frøydis Fulgencio Fyfe Gabin Gabrielle Gaby Gaia Galaad
    Galen Garfield Garry Garth Gaspare Gavino Geertje Geertruida Gelsomina Geltrude Genaro Genoveffa Geoff
    Geovana Gera Geraint Geraldo Gérardine Gerardus Germana Germano Gerolamo Gerrie Gerritje Gerry Gert
    Gertrudis Gesa Gesine Gesualdo Gethin Ghino Giacinta Giacoma Gideon Gijs Gijsbert Gijsbertus Gil Gilda
    Giles Gillis Gilmar Gilson Ginés Ginevra Gioele Gionata Giovana Giovanny Girolamo Gisella Giselle Gitta
    Gitte Giuditta Giustina Glauber Gláucia Glauco Glenys Gobnait Godfrey Goffredo Goldie Gonzague Gorm Graça
    Graciano Graciela Graciete Grady Graeme Grayson Graziano Greer Gretchen Grete Grethe Greyson Gricelda
    Griselda Grover Gudbrand Guðmundur Gudveig Guenièvre Guilherme Guillermina Guinevere Gundula Gunnel Guri
    Gus Guus Gwenda Gwendal Gwendoline Gwenllian Gwenn Gwénolé Gwilym Gwyn Hailey Haley Halfdan Halldis
    Halldór Hallgeir Hallgerd Hannele Hansi Hanspeter Hansruedi Harlan Harley Harmen Harper Harri Harrie
    Hartmann Hattie Hayden Hayley Hedda Heidrun Hein Heini Heinrike Heitor Helder Heledd Heleen Heli Hélio
    Helma Helmi Heloísa Hemi Henderson Hendrikje Henni Hennie Henny Henriikka Henrike Henrique Herborg
    Herculano Heriberto Hermance Hermien Hermina Hermine Hermínia Hermione Herschel Hester Hettie Hetty
    Higinio Hildur Hillevi Hine Hinrich Hiram Hjalmar Hjördís Hollis Honorine Honorio Horatio Hori Hortensia
    Houston Howie Hrafnhildur Hubertus Hudson Huib Huibert Humphrey Hunter Hyacinthe Iacopo Iara Ibtissam
    Icilio Idar Iestyn Ifan Iiris Iisakki Iivari Iker Ilan Ilario Ilda Ildefonso Ileana Illapa Ilmari Imani
    Imma Immanuel Inácio Inaya Ineke Inez Ingalill Ingegerd Ingela Ingelore Inghild Ingolf Innes Innocenza
    Ioane Iole Iolo Iona Ione Iorwerth Iracema Irais Iria Iride Irineu Irja Irmela Irmeli Irvin Irving Irwin
    Isabela Isabell Isadora Isaiah Isaias Isak Isaura Isée Ishmael Isidora Isidore Isidoro Islwyn Isotta
    Israel Itamar Itzel Itzia Ivalo Ivete Ivo Ivone Ivor Ixchel Jaakko Jace Jaci Jacinta Jacira Jacklyn Jaclyn
    Jaco Jacoba Jacquelyn Jada Jaden Jadir Jaiden Jair Jairo Jaliyah Jalmari Jamaal Jamar Jameson Janelle
    Janeth Janette Janiyah Janna Jannetje Jantje Jaqueline Jarlath Jarle Jarrah Jarrett Jarrod Jarvis Jasmin
    Jasper Javiera Jaxon Jaxson Jayne Jazmín Jazmine Jeanie Jeanine Jeannette Jeannie Jedda Jedidiah Jefferson
    Jeffry Jella Jemima Jenaro Jenifer Jenneke Jenson Jermaine Jerónimo Jerri Jesenia Jesusa Jethro Jetske
    Jett Jette Jewell Jhon Jhonatan Jitske Joakim Joana João Joaquim Job Jodi Jodie Jody Joey Johana Johanne
    Jolanda Jolande Jolene Jolien Jonah Jonelle Jonny Joona Joop Jorien Jorma Jorrit Jorunn Josefin Josep
    Josèphe Josiah Josie Josien Jostein Josué Jouko Jouni Juarez Judah Judd Jude Judicaël Juhana Juliana
    Julianne Juliano Julieta Julius Jurema Jürg Jussara Jussi Justina Justino Justus Juul Kade Kaden Kahurangi
    Kailani Kaimana Kaitlin Kalani Kamaka Kanani Kane Kara Kåre Kareem Karianne Karlene Karlijn Karlotta
    Karoline Kaspar Katariina Katelynn Katharine Katheryn Kathi Kathie Kathrine Katla Katy Kauko Kawika Kaylee
    Kayleigh Kealoha Keanu Keaton Keegan Keeley Keijo Keir Keira Keisha Kekoa Kendall Kendrick Kenna Kenny
    Kenton Kenya Keoni Keri Kermit Kerri Kian Kiara Kiera Kiesha Kiko Kilian Killara Kimberlee Kingsley Kiri
    Kirra Kirstie Kjartan Kjellaug Kjetil Klaasje Klas Klaudia Knox Kobe Köbi Koos Kordula Krijn Kris Krista
    Kristel Kristi Kristján Kristopher Kristy Krystal Kuno Kusi Kyla Kylie Kyösti Lacey Lachie Laércio Laia
    Laïla Laís Lakeisha Lakisha Lamar Lamberto Lambertus Lamont Lana Lancelot Lando Landon Lanette Lani Laoise
    Laquita Lara Larissa Larkin Lasairfhiona LaShonda Latasha Latisha Latonya Latoya Latrice Laureano
    Laureline Laurène Laurenz Lauretta Lauriane Lauro Lautaro Laverne Layton Lazare Lázaro Leander Leandra
    Leanna Leendert Leevi Leilani Leland Lelio Lella Lemuel Lénaïc Lennard Lennox Lenny Lenora Leona Leone
    Leonel Leónidas Leopoldina Leopoldine Lesa Levi Levin Liadh Libby Liberato Liboria Licia Lida Liesbeth
    Lieselore Lieve Lígia Lila Lilia Lilith Lilli Lilly Lilou Lincoln Lino Lisbet Liselore Lisette Lison Lissa
    Liv Liza Lizbeth Lizeth Lizzie Ljot Llewellyn Loane Loes Loïse Loisl Londyn Loni Lonnie Loren Loreta
    Loreto Loretta Lori Loris Lottie Louella Loughlin Lourenço Lourens Lourival Loviisa Lovisa Lowell Lowri
    Luan Luana Lucila Lucilla Lucinda Lúcio Lucrecia Ludivina Ludivine Luella Luigino Luisana Luisella Luiz
    Luiza Lula Lurline Luther Luuk Luzia Lyla Lyle Lylou Lyna Lyndon Lyndsey Lynette Lynne Maarit Maartje
    Mabelle Macdara Machiel Machteld Mack Mackenna Mackenzie Madalena Maddalena Maddie Maddox Madelon Madelyn
    Madge Madita Mae Maebh Mafalda Maggie Magne Magnhild Mahealani Mahina Maïa Mair Maira Mairtin Maïwenn
    Majella Makana Makayla Makenna Makerita Malachi Malakai Malena Malene Malia Malika Malinda Mallory Malorie
    Mamie Manaia Manel Manfredi Manny Manolo Marcela Marcella Marcellus Marci Marcílio Márcio Marcy Mareile
    Margarida Margie Margje Margo Margriet Margunn Mari Mariah Marialuisa Mariann Mariannick Mariapia
    Mariarosa Mariateresa Maricarmen Maricela Mariel Mariela Marietta Marilda Marilena Marilene Marília
    Mariluce Mariluz Marinus Marisella Maristela Maristella Maritza Marjan Marjolein Marjolijn Marjon Markus
    Marla Marlen Marleny Marli Marnie Martti Marty Marva Maryann Maryanne Marylou Marzia Marzio Massimina
    Mateus Matheus Mathew Mathurin Matilda Matt Matthijs Mattie Maude Mauri Mauricia Máximo Mayara Maylén
    Mayra Mayte Mckenna Mckenzie Meabh Mechtild Medea Mees Meg Meghan Meike Meindert Meinhard Meinolf Meinrad
    Meirion Mele Mélina Meliza Mélusine Menno Mérédith Merel Mererid Meritxell Mervin Mhairi Micah Micheal
    Michelangelo Michiel Mickaël Mihi Mikayla Mike Milene Miles Millicent Milou Mimma Mimmo Mindy Minerva
    Minna Mireya Mirja Mirjam Mirna Mirta Mirthe Mitch Mitzi Moacir Moana Mollie Monia Monroe Monty Mordecai
    Moreno Morris Mortimer Muireann Muirne Murray Murtagh Myfanwy Mylène Myles Myron Myrthe Myrtice Nahia
    Nahuel Nair Nalani Nando Nanette Naoise Narciso Natacha Natalina Natascha Nayeli Nayra Nazaré Ned Neele
    Neeltje Nehemiah Neide Nel Nélida Nell Nella Nelleke Nello Nelly Nemesio Nepomuk Nereo Nerina Nesta Nettie
    Neusa Neva Nevaeh Nevio Ngaio Ngaire Nick Nicky Nicodemo Nicolaas Nicolasa Nicolau Nicolien Niek Niilo
    Nikau Nikki Nikolaus Nilda Nilde Nilson Nilton Nino Nivaldo Nives Njål Noelani Noemi Noêmia Nohemi Nola
    Nolan Nollaig Noora Noortje Norah Norberto Notburga Novella Nuno Nyla Obadiah Obdulia Octavius Odair
    Odalis Odalys Oddbjørn Oddny Oddrun Odell Odessa Odete Odhran Odin Oihane Oili Øivind Ólafur Olalla Olaug
    Olavo Olegario Olimpia Olinda Oliviero Ollie Olwen Omaira Ombretta Onni Onno Onorina Ophelia Oran Oren
    Oriane Orietta Orlando Orsola Orsolina Ortensia Orthold Orville Osborne Osiris Osmar Osmo Osvald Osvalda
    Otávio Otilia Otis Ottavia Outi Ovidio Øyvor Pacôme Padhraic Paisley Päivikki Palmi Pam Pancho Pania
    Paolina Pasqualina Patrizio Patti Paule Pauliina Paulo Paxton Payton Pearlie Peder Pele Pellegrino Penina
    Pennie Penny Percival Perla Pernilla Pete Petronella Petronila Petronilla Pétronille Petrus Petteri Petula
    Peyton Phelim Phil Philine Philippa Philippine Philomena Phineas Pierce Pierina Pierino Pieternel Pippa
    Piripi Plácido Pleun Poldi Policarpo Porfirio Portia Práxedes Preston Priscila Priscille Prosper Prudence
    Prudencio Pualani Queenie Quincy Quinn Quinten Quinton Quitterie Rachele Rachelle Rae Raelene Ragna
    Ragnheiður Raija Raili Raimo Raimondo Raimunda Rakel Randal Randolph Rangi Rashad Rauha Rauno Rayén
    Raymundo Reagan Reba Reece Reed Reese Reetta Reggie Regiane Regula Reid Reima Reinaldo Reinhart Reinhilde
    Reinier Rembrandt Remco Remigio Remo Rena Renan Renke Rens Renske Renza Reta Reto Reuben Reva Rewi Reyes
    Reyna Reynald Rhea Rhett Rhoda Rhodri Rhydian Rian Rianne Richarda Rick Rickey Rickie Rieke Rietje
    Rigoberta Rigoberto Riley Rinske Riona Roald Rob Robbert Robbie Rodger Rodrick Roelien Roelof Rogério
    Rogier Rolando Romilda Romina Romualdo Ron Rona Ronaldo Ronda Rongo Ronny Roos Roosevelt Roque Rosalba
    Rosalinde Rosalva Rosalyn Rosamaria Rosamund Rosangela Rosanne Rosaura Roscoe Roseann Roseanne Roseli
    Rosella Roselyn Roselyne Rosemeire Rosenda Rosendo Rosie Rosilene Rosimeire Rosina Rosita Roslyn Rosmarie
    Rossa Roxann Roxie Royce Ruadhan Ruaridh Rubens Rubiela Ruby Rudolph Rudy Ruedi Rufus Rui Runa Ruperto
    Russ Rutger Ruthild Ryder Ryker Saana Sabatino Sabino Sacha Sadie Sagrario Sallie Salme Salustiano Samanta
    Samara Sammy Sampson Samson Samuli Sanneke Sanni Santeri Santino Santos Santuzza Sasha Saundra Savannah
    Saveria Savina Savino Sawyer Scarlett Scottie Sebastiaan Sebastiana Sebastião Sefina Selena Selene Semisi
    Senan Senga Senja Sepp Serafín Serafina Serafino Sergi Severiano Severin Severino Seymour Shakira Shana
    Shanelle Shania Shanice Shaniqua Shaquille Shari Sharlene Sharna Sharron Shayla Shayne Sheelagh Sheena
    Shelby Shelly Shelton Sheree Sheri Sherman Sherri Sherrie Sherryl Sherwood Shona Siaosi Sibilla Sibylle
    Sid Sidnei Sieghard Sien Sienna Sigbritt Sigfrid Signhild Sigríður Sigurður Sigvald Sile Silje Silveria
    Silverio Silvestro Silvina Simão Simmerl Simonetta Sina Sindre Sinikka Sione Sioned Siri Sixtine Sixto
    Sjaak Sjaan Sjef Sjoukje Skye Skylar Skyler Sloane Snorre Snorri Soazig Soila Soile Soizic Solbritt
    Solfrid Solvår Solvei Sondra Sönke Sophronia Soraia Stacia Stacie Stan Stasi Steinar Stephania Stephany
    Sterre Stevie Stina Stine Suelen Sueli Sullivan Summer Sunniva Susannah Susi Susie Suvi Suzana Suze Suzete
    Suzie Suzon Svanhild Sverre Swantje Sybilla Sybille Sydney Sylvester Sylvette Synne Tabatha Tadhg Taimi
    Taina Taís Talea Talia Taliesin Talita Tamati Tami Tamia Tamika Tamires Tamsin Tane Tânia Tanisha Tanner
    Tarcísio Tarjei Tasha Tatiane Tatjana Taurean Tavita Teagan Tecla Teemu Tegan Tegwen Tellervo Telma Telmo
    Teófila Teresina Tero Terrance Terrell Terrence Tersilla Tess Tessa Teuila Teuntje Tevita Thad Thaddeus
    Thaís Thalita Thekla Théodora Theodorus Théophile Theophilus Thiago Thijmen Thomasina Þóra Þórdís Thore
    Thormod Thorvald Tiago Tiana Tiburcio Tiernan Tierney Tijmen Tijn Tilda Tilde Tilly Timm Tino Tinus
    Tiphaine Titia Titien Tjark Tjeerd Tjitske Tobia Tobin Tomasa Tomé Tommi Tonia Tonya Toos Torhild Torill
    Torleif Tormod Torquil Torstein Torunn Tosca Toya Trefor Trent Trenton Tressa Treva Trevon Trey Tricia
    Trijntje Trina Trini Trish Trixie Trudi Trudl Trudy Truman Truus Tucker Tugdual Tuija Tullia Tullio Tupac
    Turlough Tuulikki Twila Tygo Tyra Tyree Tyrell Tyrese Tyrone Tyson Ueli Uffe Ulises Ulisse Ulrik Ulrika
    Ultan Ulysses Urho Uriah Uriel Ursina Ursule Uxue Vada Vagner Vaitea Valarie Valborg Valdemar Valdir
    Valencia Valentijn Valentino Valère Valeriano Valmir Valter Valtteri Vance Vanderlei Vânia Vappu Vasco
    Vaughn Veerle Veit Veli Velma Venancio Venetia Venla Verdiana Verla Vern Verner Vernice Vesa Vesta Vianney
    Vicki Vickie Victoriano Victorina Victorine Vikki Vilde Vilhelm Vilho Viliami Vilja Vilma Vincenzina
    Vinícius Virna Virpi Vitalba Vitale Vitaliano Vitor Vitória Viveca Vivianne Viviano Vladimiro Volkhard
    Vonda Vreni Vroni Wagner Waldtraut Wally Walmir Waltraude Wanderley Wara Wastl Wenche Wendelin Wendell
    Wendi Wenke Weston Wetti Whetu Wiebe Wies Wietske Wigbert Wilber Wilbert Wilburn Wilda Wiley Wilfrid
    Wilfriede Wilhelmina Wilhelmus Willa Willard Willemien Willemijn Willene Wilmer Wilson Winfield Winfred
    Winnie Winona Winthrop Wiremu Wolfhard Woodrow Wyatt Xabier Xander Xena Xiomara Xóchitl Yadira Yaëlle
    Yamila Yamileth Yanet Yaneth Yannik Yara Yaritza Yasmina Yeimi Yeison Yenny Yesica Yessica Ylenia Ylva
    Yohana Yolima Youna Yrsa Ytsje Yuliana Yuridia Yveline Yvonna Yvonnick Yvonnie Zacarías Zach Zachariah
    Zack Zackary Zadie Zaida Zaira Zariah Zeger Zeke Zelda Zélia Zelma Zena Zeno Zenzi Zilda Zion Zoey Zoie
    Zoila Zulay Zulema Zulma Zulmira Zwaantje
"""
