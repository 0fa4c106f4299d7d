"""Given names that are frequent somewhere and rarely another word; written without case and accents."""

# ruff: noqa: RUF001 - the dotless i is a letter of Turkish

from typing import Final

from curation.text.given_names_asia import SOUTH_AND_EAST_ASIA
from curation.text.given_names_east import EAST, WEST_ASIA_AND_AFRICA
from curation.text.given_names_west import WEST
from curation.text.plain import folded_word
from curation.text.rule import words

_ENGLISH: Final = """
    Aaron Abigail Adam Adrian Aidan Aimee Alan Albert Alexander Alexandra Alexis Alfie Alfred Alice Alicia
    Alison Allan Allison Alyssa Amanda Amber Amelia Amy Andrea Andrew Angela Anita Ann Anna Anne Annette Annie
    Anthony Antonia Archie Arnold Arthur Ashley Ashleigh Audrey Austin Ava Barbara Barry Beatrice Becky
    Benjamin Bernard Bernice Bertha Bertram Beryl Bessie Bethany Betty Beverly Beverley Brad Bradley Brandon
    Brenda Brendan Brent Brett Brian Brianna Bridget Brittany Bruce Bryan Bryce Caitlin Caleb Callum Calvin
    Cameron Camilla Carl Carly Carol Carole Caroline Carolyn Carrie Catherine Cathy Cecil Cecilia Cedric Chad
    Charlene Charles Charlie Charlotte Chelsea Cheryl Chloe Chris Christian Christina Christine Christopher
    Cindy Claire Clara Clarence Clark Claude Clifford Clinton Clive Cody Colin Colleen Connie Connor Constance
    Corey Courtney Craig Crystal Curtis Cynthia Cyril Dale Damian Damon Dan Dana Daniel Danielle Danny Daphne
    Darlene Darrell Darren Darryl Dave David Dawn Dean Deanna Debbie Deborah Debra Declan Delores Denis Denise
    Dennis Derek Derrick Desmond Devin Diana Diane Dominic Don Donald Donna Doreen Doris Dorothy Douglas Duane
    Duncan Dustin Dwayne Dwight Dylan Earl Ebony Eddie Edgar Edith Edmund Edna Edward Edwin Eileen Elaine
    Eleanor Eli Elijah Elizabeth Ella Ellen Ellie Elmer Elsie Emily Emma Enid Eric Erica Erin Ernest Esther
    Ethan Ethel Eugene Eunice Eva Evan Evelyn Evie Fern Finley Fiona Florence Floyd Frances Francis Frank
    Franklin Fred Freda Freddie Frederick Freya Gail Gareth Garrett Gary Gavin Gemma Gene Geoffrey George
    Georgia Georgina Gerald Geraldine Gerard Gertrude Gilbert Gillian Gina Gladys Glen Glenda Glenn Gloria
    Gordon Graham Grant Greg Gregory Gwen Gwendolyn Hannah Harold Harriet Harrison Harry Harvey Hazel Heather
    Hector Heidi Helen Henrietta Henry Herbert Herman Hilary Hilda Holly Horace Howard Hubert Hugh Hugo Ian
    Imogen Ingrid Irene Isaac Isabel Isabella Isla Ivan Ivy Jack Jackie Jackson Jacob Jacqueline Jade Jake
    James Jamie Jan Jane Janet Janice Jared Jasmine Jason Jay Jayden Jean Jeanette Jeff Jeffery Jeffrey Jenna
    Jennifer Jenny Jeremiah Jeremy Jerome Jerry Jesse Jessica Jessie Jill Jim Jimmy Joan Joann Joanna Joanne
    Joe Joel John Johnny Jon Jonathan Jordan Joseph Josephine Josh Joshua Joyce Juan Juanita Judith Judy Julia
    Julian Julie Juliet June Justin Kaitlyn Karen Karl Kate Katelyn Katherine Kathleen Kathryn Kathy Katie
    Katrina Kay Kayla Keith Kelly Kelsey Ken Kendra Kenneth Kerry Kevin Kieran Kimberley Kimberly Kirk Kirsty
    Kristen Kristin Kristina Kurt Kyle Lance Larry Laura Lauren Laurence Laurie Lawrence Leah Leanne Lee Leo
    Leon Leonard Leroy Leslie Lesley Lester Lewis Liam Lillian Lily Linda Lindsay Lindsey Lisa Lloyd Logan
    Lois Lorraine Louis Louise Lucas Lucille Lucy Luke Lydia Lynn Mabel Madeline Madison Maisie Malcolm Mandy
    Marc Marcia Marcus Margaret Margery Marian Marie Marilyn Marion Marjorie Mark Marlene Marsha Marshall
    Martha Martin Marvin Mary Mason Matthew Maureen Maurice Mavis Max Maxine Megan Melanie Melinda Melissa
    Melvin Mervyn Mia Michael Michelle Mildred Millie Milton Minnie Miranda Miriam Mitchell Moira Molly Monica
    Morgan Muriel Myra Myrtle Nadine Nancy Naomi Natalie Natasha Nathan Nathaniel Neil Nellie Nelson Nicholas
    Nicola Nicole Nigel Nina Noah Noel Nora Norma Norman Olive Oliver Olivia Oscar Oswald Owen Paige Pamela
    Pat Patricia Patrick Patsy Paul Paula Pauline Pearl Peggy Penelope Percy Perry Peter Philip Phillip Phoebe
    Phyllis Polly Priscilla Rachael Rachel Ralph Randall Randy Raymond Rebecca Reginald Rhonda Rhys Richard
    Ricky Rita Robert Roberta Robin Robyn Rodney Roger Roland Ronald Ronnie Rory Rosalind Rosemary Ross Rowena
    Roxanne Roy Rupert Russell Ruth Ryan Sabrina Sally Sam Samantha Samuel Sandra Sara Sarah Scott Sean
    Sebastian Selina Seth Shane Shannon Sharon Shaun Shawn Sheila Shelley Sheryl Shirley Sidney Silas Simon
    Sonia Sophia Sophie Spencer Stacey Stacy Stanley Stella Stephanie Stephen Steve Steven Stewart Stuart Sue
    Susan Suzanne Sybil Sylvia Tabitha Tamara Tammy Tanya Tara Taylor Ted Terence Teresa Terri Terry Thelma
    Theodore Theresa Thomas Tiffany Tim Timothy Tina Toby Todd Tom Tommy Toni Tony Tracey Tracy Travis Trevor
    Trisha Troy Tyler Ursula Valerie Vanessa Vera Verna Vernon Veronica Victor Victoria Vincent Viola Violet
    Virginia Vivian Vivienne Wade Wallace Walter Wanda Warren Wayne Wendy Wesley Whitney Wilbur Wilfred
    William Willie Willis Wilma Winifred Winston Yolanda Yvette Yvonne Zachary Zoe Aengus Aisling Aoife Brigid
    Cathal Ciara Ciaran Cillian Cormac Colm Conor Daithi Darragh Deirdre Diarmuid Donal Eamon Eilis Eimear
    Eoghan Eoin Feargal Fergus Fintan Finola Fionn Fionnuala Grainne Liadan Lorcan Mairead Malachy Maeve Niall
    Niamh Noreen Nuala Oisin Oonagh Orla Padraig Roisin Ronan Ruairi Saoirse Seamus Shauna Sinead Siobhan
    Sorcha Una Alasdair Angus Blair Catriona Eilidh Ewan Fraser Gregor Hamish Iain Isobel Kirsteen Lachlan
    Mairi Morag Murdo Struan Bronwen Carys Dafydd Emrys Eluned Gwyneth Huw Ieuan Llinos Megan Nerys Owain
    Rhiannon Sian
"""
_GERMAN: Final = """
    Achim Adelheid Adolf Albrecht Alexandra Alfons Alina Alois Amelie Andrea Andreas Anette Angelika Anita
    Anja Anke Anneliese Annelore Annemarie Annette Annika Anton Armin Arne Arno Arnd Astrid August Axel
    Barbara Bärbel Beate Benedikt Benno Bernadette Bernd Bernhard Berta Bettina Birgit Birgitta Birte Björn
    Bodo Boris Brigitta Brigitte Britta Burkhard Carina Carola Carsten Christa Christel Christiane Christoph
    Claudia Claus Conrad Cornelia Dagmar Daniela Denis Detlef Detlev Dieter Dietmar Dietrich Dirk Dominik Dora
    Doris Dorothea Eberhard Eckart Eckhard Edeltraud Edelgard Edmund Egon Ekkehard Elfi Elfriede Elisabeth
    Elke Ella Elli Elmar Else Elsa Emil Emilia Emma Engelbert Erhard Erich Erika Erna Ernst Erwin Eugen Eva
    Evelin Ewald Fabian Felicitas Felix Ferdinand Finn Florian Franz Franziska Frauke Frieda Friederike
    Friedhelm Friedrich Fritz Gabi Gabriele Georg Gerda Gerd Gerhard Gerlinde Gernot Gero Gertraud Gertrud
    Gisbert Gisela Gottfried Götz Gregor Greta Gudrun Guido Gunda Gunter Günter Günther Gunther Gustav Guenter
    Guenther Hannelore Hanna Hannah Hannes Hans Hansjörg Harald Harry Hartmut Hartwig Hedwig Heidemarie Heidi
    Heike Heiko Heiner Heinrich Heinz Helene Helga Hella Hellmut Helmut Helmuth Henning Henriette Henrik
    Herbert Heribert Hermann Herta Hertha Hilde Hildegard Hiltrud Holger Horst Hubert Ida Ilona Ilse Imke Ines
    Inga Inge Ingeborg Ingo Ingrid Irene Iris Irma Irmgard Irmtraud Isolde Ivonne Jana Jannik Jakob Jens
    Joachim Jochen Johann Johanna Johannes Jonas Jörg Joerg Jörn Josef Josefine Jost Julian Juliane Jürgen
    Juergen Jutta Kai Karin Karl Karla Karlheinz Karola Karsten Käthe Katharina Kathrin Katja Katrin Kerstin
    Kirsten Klara Klaus Knut Konrad Konstantin Korbinian Kristina Kunigunde Kurt Lars Lasse Lea Lena Leni
    Leonhard Leonie Leopold Liane Lieselotte Liesel Lina Linus Liselotte Lore Lorenz Lothar Lotte Louisa
    Ludger Ludwig Luis Luisa Luise Lukas Lutz Magda Magdalena Maik Maike Maja Manfred Manuela Mareike
    Margarete Margarethe Margit Margot Margret Marga Maria Marianne Marie Marika Marina Mario Marion Marita
    Marlies Marlis Martha Martin Martina Marvin Mathilde Matthäus Matthias Mathias Maximilian Mechthild
    Melanie Merle Michaela Mia Miriam Monika Moritz Nadine Nadja Nele Nico Nicole Niklas Nils Norbert Odilia
    Olaf Ole Oliver Oskar Ottilie Otto Ottmar Patrick Paul Paula Peter Petra Philipp Pia Quirin Raimund Rainer
    Reiner Ralf Ralph Ramona Raphael Regina Regine Reinhard Reinhold Renate René Ria Richard Rita Robert
    Roland Rolf Roman Romy Ronja Rosemarie Rosi Roswitha Rudi Rudolf Rüdiger Rupert Ruprecht Sabine Sabrina
    Samuel Sandra Sascha Sebastian Selma Siegbert Siegfried Sieglinde Siegmund Sigmund Sigrid Silke Silvia
    Simone Sonja Sören Stefan Stefanie Steffen Steffi Stephan Susanne Susann Sven Svenja Swen Sylvia Tanja
    Theo Theodor Theresia Therese Thilo Thomas Thorsten Tilo Timo Tobias Toni Torben Torsten Traudl Traute
    Trude Udo Ulf Uli Ulla Ullrich Ulrich Ulrike Urs Ursel Ursula Ute Uta Uwe Valentin Vera Verena Veronika
    Viktor Viktoria Vinzenz Volker Volkmar Waldemar Walburga Walli Walter Walther Waltraud Waltraut Wenzel
    Werner Wiebke Wieland Wilfried Wilhelm Wilhelmine Willi Willy Winfried Wolf Wolfgang Wolfram Wulf Xaver
    Yannick Yvonne Zita
"""
_FRENCH: Final = """
    Adèle Adrien Adrienne Agathe Agnès Aimé Alain Albane Albertine Alexandre Alexia Alix Alphonse Amandine
    Amélie Anaïs Anatole André Andrée Ange Angélique Annabelle Anne Annick Anouk Anthony Antoine Antoinette
    Apolline Armand Arlette Armelle Arnaud Arsène Arthur Astrid Aude Audrey Auguste Augustin Aurélie Aurélien
    Axelle Ambroise Baptiste Barnabé Bastien Béatrice Benoît Bérangère Bérénice Bernadette Bernard Berthe
    Bertrand Blandine Brice Brigitte Bruno Camille Capucine Carole Caroline Cécile Céleste Célestine Célia
    Céline Chantal Charlène Charlotte Christelle Christian Christiane Christine Christophe Claire Clarisse
    Claude Claudette Claudine Clémence Clément Clémentine Clotilde Colette Coline Constance Coralie Corentin
    Corinne Cyprien Cyrille Damien Danièle Danielle Delphine Denis Denise Désiré Didier Dominique Dorian Edgar
    Edmond Edmonde Édouard Éléonore Élia Éliane Élisabeth Élise Élodie Éloïse Elsa Émeline Émile Émilie
    Émilien Emmanuel Emmanuelle Enzo Éric Ernestine Estelle Esteban Étienne Eugène Eugénie Eulalie Évelyne
    Fabien Fabienne Fabrice Fanny Félicie Fernand Fernande Firmin Flavie Florence Florent Florian Floriane
    France Francine Francis Franck François Françoise Frédéric Frédérique Gaël Gaëlle Gaëtan Gaston Gaspard
    Gautier Geneviève Georges Georgette Gérald Géraldine Gérard Germain Germaine Ghislain Ghislaine Gilbert
    Gilberte Gilles Ginette Gisèle Grégoire Grégory Guillaume Gustave Guy Guylaine Gwenaëlle Hadrien Hector
    Hélène Héloïse Henri Henriette Hervé Hippolyte Honoré Hortense Hubert Hugo Hugues Huguette Inès Irène
    Irénée Isabelle Isaure Jacky Jacqueline Jacques Janine Jeanne Jeannine Jérémie Jérémy Jérôme Joël Joëlle
    Jocelyn Jocelyne Johanna Jordan Josiane Josette Jules Julie Julien Juliette Justine Karine Katia Killian
    Laetitia Lambert Laure Laurence Laurent Laurette Léa Léandre Léo Léon Léonie Léontine Léopold Liliane
    Lilian Line Lionel Lise Loïc Lola Louane Louis Louise Louisette Loup Luc Lucas Lucette Lucie Lucien
    Lucienne Ludovic Lydie Lyse Madeleine Maël Maëlle Maëlys Magali Manon Marc Marcel Marcelle Marceline
    Margaux Marguerite Marie Marielle Mariette Marine Marius Marjolaine Marlène Marthe Martial Martine Maryse
    Maryvonne Mathéo Mathieu Mathilde Mathis Matthieu Maud Maurice Mauricette Maxence Maxime Mélanie Mélissa
    Michel Michèle Micheline Mireille Mohamed Monique Morgane Muguette Muriel Myriam Nadège Nadia Nathalie
    Nathanaël Nicolas Nicolette Ninon Noé Noël Noëlle Noémie Océane Octave Odette Odile Olivier Ophélie Pascal
    Pascale Pascaline Patrice Patricia Paulette Pauline Perrine Philibert Philippe Philomène Pierre Pierrette
    Pierrick Placide Quentin Rachid Raoul Raphaël Raphaëlle Raymonde Rébecca Régine Régis Rémi Rémy Renaud
    Renée Reine Richard Robin Rodolphe Rodrigue Roger Roland Rolande Romain Romane Romuald Rosalie Roseline
    Roxane Sabine Salomé Sandrine Sébastien Ségolène Séraphin Serge Séverine Sidonie Simon Simone Solange
    Solène Sophie Stanislas Stéphane Stéphanie Suzanne Suzette Sylvain Sylvaine Sylvestre Sylviane Sylvie
    Tanguy Tatiana Théo Théodore Thérèse Thibault Thibaut Thierry Thomas Timothée Titouan Tristan Ulysse
    Valentin Valentine Valérie Valéry Vanessa Véronique Victoire Victorien Vincent Violette Virginie Vivien
    Viviane Xavier Yann Yannick Yannis Yoann Yohan Yolande Yves Yvette Yvon Yvonne Zacharie Zélie
"""
_SPANISH: Final = """
    Abel Adela Adolfo Adriana Adrián Agustín Agustina Ainhoa Aitana Aitor Alba Alberto Alejandra Alejandro
    Alfonso Alfredo Alicia Almudena Alonso Álvaro Amalia Amaia Amparo Ana Anabel Andrés Ángel Ángela Ángeles
    Aníbal Antonia Antonio Araceli Aránzazu Ariadna Armando Arturo Asunción Asier Aurelio Azucena Basilio
    Beatriz Begoña Belén Benito Benjamín Bernardo Blanca Borja Bárbara Camila Candela Candelaria Caridad
    Carlos Carla Carlota Carmelo Carmen Carolina Catalina Cayetano Cecilia Celestino César Clemente Concepción
    Conchita Consuelo Cristian Cristina Cristóbal Dámaso Daniela Darío Débora Diego Domingo Edelmira Eduardo
    Elena Eloísa Eloy Elvira Emilio Encarnación Enrique Ernesto Esperanza Esteban Estefanía Estela Esther
    Eugenia Eugenio Eulalia Eusebio Ezequiel Fabián Facundo Fátima Federico Felipe Félix Fermín Fernanda
    Fernando Fidel Florencia Florencio Francisca Francisco Gabriel Gabriela Gaspar Gerardo Germán Gilberto
    Gonzalo Gregorio Guadalupe Guillermo Gumersindo Gustavo Héctor Hernán Hilario Hipólito Horacio Humberto
    Idoia Ignacio Imelda Inés Inmaculada Íñigo Iñaki Irene Irma Isabel Isidro Ismael Itziar Iván Izaskun
    Jacinto Jacobo Jaime Javier Jesús Jimena Joan Joaquín Joaquina Jon Jordi Jorge Josefa Josefina José Josu
    Juan Juana Juanita Judit Julián Julio Justo Karina Leandro Leire Leocadia Leonor Leopoldo Leticia Lidia
    Lola Lorena Lorenzo Lourdes Lucas Lucía Luciano Luis Luisa Macarena Maite Manuel Manuela Marcelino Marcelo
    Marcos Margarita María Mariana Mariano Maribel Marisa Marisol Marta Martín Mateo Matías Mauricio
    Maximiliano Maximino Melchor Mercedes Micaela Miguel Milagros Miren Modesto Moisés Mónica Montserrat
    Natividad Nazaret Nerea Nicanor Nicolás Nieves Noelia Nuria Octavio Olga Oriol Óscar Pablo Paco Paloma
    Paola Pascual Patricio Paulino Paz Pedro Pepa Pepe Pilar Primitivo Purificación Quique Rafael Rafaela
    Raimundo Ramiro Ramón Ramona Raquel Raúl Rebeca Remedios Ricardo Roberto Rocío Rodolfo Rodrigo Rogelio
    Rosa Rosalía Rosana Rosario Rubén Rufino Salvador Samuel Sancho Santiago Saúl Sergio Silvia Silvestre
    Simón Socorro Sofía Soledad Sonia Susana Tadeo Teodoro Teófilo Teresa Timoteo Tomás Toribio Trinidad Unai
    Urbano Valentín Valentina Vanesa Vicente Vicenta Víctor Violeta Virginia Visitación Wenceslao Xavier
    Ximena Yago Yesenia Yolanda Zoraida
"""
_ITALIAN: Final = """
    Achille Adalgisa Adele Adelina Adriano Agata Agnese Agostino Alba Alberta Alberto Aldo Alessandra
    Alessandro Alessia Alessio Alfio Alfonso Alfredo Alice Amedeo Amelia Andrea Angela Angelica Angelina
    Angelo Anita Anna Annalisa Annamaria Annunziata Antonella Antonietta Antonino Antonio Arianna Armando
    Arturo Assunta Attilio Augusto Aurelio Azzurra Barbara Bartolomeo Beatrice Benedetta Benedetto Bernardo
    Bianca Bruna Bruno Calogero Camilla Carla Carlo Carmela Carmelo Carmine Carolina Caterina Cesare Chiara
    Cinzia Ciro Claudia Claudio Concetta Corrado Cosimo Cristiano Cristina Daniela Daniele Dario Davide Debora
    Diego Dino Domenica Domenico Donatella Donato Edoardo Elena Eleonora Elio Elisa Elisabetta Emanuela
    Emanuele Emilia Emilio Enrica Enrico Enza Enzo Ermanno Ernesto Ettore Eugenio Ezio Fabio Fabiola Fabrizio
    Fausto Federica Federico Felice Ferdinando Ferruccio Filippo Filomena Fiorella Fiorenzo Flavia Flavio
    Franca Francesca Francesco Franco Fulvio Gabriella Gabriele Gaetano Gennaro Gerardo Giacinto Giacomo Giada
    Giampaolo Gian Giancarlo Gianfranco Gianluca Gianmarco Gianna Gianni Gianpiero Gilberto Gino Gioacchino
    Giordano Giorgia Giorgio Giovanna Giovanni Giuliana Giuliano Giulia Giulio Giuseppa Giuseppe Giuseppina
    Giusy Grazia Graziella Gregorio Guglielmo Guido Ida Ignazio Ilaria Immacolata Iolanda Italo Ivana Ivano
    Jacopo Laura Lavinia Leonardo Letizia Liliana Livia Livio Loredana Lorella Lorenza Lorenzo Luca Lucia
    Luciana Luciano Lucrezia Ludovica Ludovico Luigi Luigia Luigina Luisa Manlio Mara Marcello Marco
    Margherita Mariangela Mariella Marina Mario Marisa Marta Martina Massimiliano Massimo Matilde Matteo
    Mattia Maura Maurizio Mauro Michela Michele Milena Mirella Mirko Monica Morena Nadia Natale Nazario Nicola
    Nicoletta Nicolò Nunzia Nunzio Orazio Oreste Ornella Osvaldo Ottavio Palmira Paola Paolo Pasquale Patrizia
    Piera Pierangelo Piergiorgio Pierluigi Pierpaolo Piero Pietro Pino Raffaele Raffaella Renata Renato Renzo
    Riccardo Rinaldo Rino Roberta Roberto Rocco Rodolfo Romano Romeo Rosanna Rosaria Rosario Rosetta Rossana
    Rossella Ruggero Sabrina Salvatore Samuele Sandro Santina Sara Saverio Sebastiano Serena Sergio Settimio
    Silvana Silvano Silvia Silvio Simona Simone Sonia Stefania Stefano Susanna Tatiana Teresa Tiziana Tiziano
    Tommaso Tonino Ubaldo Ugo Umberto Valentina Valeria Valerio Vanda Veronica Vincenza Vincenzo Virgilio Vito
    Vittoria Vittorio Viviana Walter
"""
_NORTH: Final = """
    Aage Agneta Aino Aila Ake Anders Anette Anneli Annelies Anni Annikki Antti Arja Arvid Asbjørn Aslaug
    Asmund Åsa Åse Astri Astrid Aud Axel Ahti Bengt Berit Birger Birgitte Birgitta Birna Bjarne Bjørn Björn Bo
    Bodil Børge Bram Britt Camilla Carsten Cees Christer Corrie Dag Dagny Daan Diederik Dirk Ebba Egil Einar
    Eino Eirik Elin Elina Elise Else Emil Erik Erika Erkki Erling Eva Evert Fleur Femke Flemming Folke Fredrik
    Freja Frida Frode Geert Geir Gerda Gerrit Gerben Gisle Göran Gösta Gro Greetje Gudmund Gudrun Guðrún
    Gunhild Gunilla Gunnar Gunvor Gustaf Håkan Halvor Hanne Hanneke Harald Hans Hege Heikki Helge Hendrik
    Hendrika Henk Henrik Herman Hilde Hilkka Hugo Ida Inga Ingeborg Inger Ingmar Ingrid Ingunn Ingvar Irma
    Ilkka Ivar Jaap Jacobus Jakob Jan Janne Jannie Jari Jarmo Jelle Jens Jeppe Jeroen Jesper Joanneke Johan
    Johanna Johannes Jon Jonas Jóhanna Jørgen Jørn Joris Joost Juha Juhani Jukka Jurgen Juho Kaarina Kai Kalle
    Karel Kari Karin Karl Kasper Katarina Katri Kees Kerstin Ketil Kim Kirsi Kirsten Kjell Kjersti Klaas Klaus
    Knud Knut Koen Kristian Kristiina Kristin Kristoffer Lars Lasse Lauri Leena Leif Lennart Liisa Lieke
    Linnea Lisbeth Lise Lone Lotta Lotte Ludo Maarten Maaike Magnus Maija Maj Mads Malin Margareta Margit
    Margrethe Maria Marianne Marieke Marijke Marit Marja Marjatta Markku Marko Marleen Marloes Marte Martijn
    Mats Matti Mattias Mathijs Merete Mette Mieke Mika Mikael Mikko Mogens Monica Morten Nanna Niels Nils Nina
    Nienke Olav Ole Olli Oddvar Olof Ove Øystein Øyvind Paavo Päivi Pål Palle Pär Pekka Pentti Per Pernille
    Petra Petter Pia Piet Pieter Pirjo Pirkko Poul Preben Ragnar Ragnhild Randi Rasmus Reidar Reijo Riitta
    Rikke Risto Roel Rolf Rune Ruud Saara Sakari Sanna Sanne Sander Sari Saskia Satu Seppo Sigbjørn Signe
    Sigrid Sigrun Sigurd Sirpa Siv Sixten Sjoerd Sofie Solveig Søren Staffan Steen Stein Sten Stig Stijn Sture
    Susanne Svein Sven Svend Synnøve Tapio Tarja Terje Terttu Teun Teuvo Thea Thijs Thor Thorbjørn Tiina Timo
    Tineke Toivo Tom Tone Tor Torbjörn Tord Tore Torgeir Torsten Tove Trine Trond Trygve Tuomas Tuula Ulf Ulla
    Unni Veikko Vibeke Viggo Vigdis Ville Vidar Viveka Willem Wim Wouter Yngve Yrjö
"""
# As a word of its own each of these is as often something else: a word, a town, a sign called after somebody.
ALSO_WORDS: Final = frozenset(
    folded_word(word)
    for word in words("""
    Humphrey Hartmann Jama Bethlehem Bradford Danish Samar Thai Sofia Adelaide Adélaïde Alma Medina Delfin
    Amelia Annie Julian Uli Asma Friedrich Amine Masako Carolina Carlo Hari Sami Encarnación Asunción
    Visitación Purificación Natividad Aimé Désiré Violette Noël Alan Alba Albert Alexander Alexis Allan
    Allison Almaz Ama Aman Amara Amber Anders Andi Ange Angel Angela Anh Anton Argyll Ariadna Armand Ashley
    Asha Astra Aud August Austin Ava Bao Barnabé Barry Basilio Benedikt Bernard Bianca Blair Blanca Bo Bram
    Bruce Bruno Byung Caleb Cameron Camille Can Candela Caridad Carina Carl Carmen Carol Carter Casper Cecil
    Cem Chad Charity Charles Charlotte Chelsea Cherry Christian Clara Clark Claude Clemente Clément Consuelo
    Constance Conrad Corey Cristal Crystal Curtis Dag Dale Damian Dan Dana Dao Darius David Dawn Dean Denis
    Deniz Dennis Diana Diego Dien Dilip Dolores Domingo Don Douglas Dung Dura Duncan Earl Eli Elisa Else Emi
    Emil Emilia Engin Erna Ernst Esi Esperanza Eugen Eva Evan Felice Felix Fern Fidel Finn Flora Florence
    Florian Floyd France Francis Franco Frank Franklin Franz Fraser Gail Gene Georgia Geun Gilbert Glen Gloria
    Gordon Graham Grant Greta Gro Guy Habib Harris Harrison Harvey Hector Henning Henry Herbert Herman Hilal
    Holly Hoa Hoffa Homer Horn Horst Howard Hubert Hugo Hung Huy Ian Ignacio Imam Inge Ion Ira Iris Ivy Jack
    Jackson Jade James Jan Jasmine Jay Jean Jeff Jerry Jing Job John Jordan Joseph Josh Joy June Justo Kai Kay
    Karl Karma Kelly Ken Kent Khoa Kim Kirk Krishna Lance Lata Laurence Lawrence Lea Lee Leo Leon Leonard
    Leroy Leslie Lewis Lien Lily Lina Linda Line Linus Lise Lloyd Logan Lola Lone Lore Lotte Louis Loup
    Lourdes Love Lovely Luc Lucia Lucas Ludwig Luke Luz Madison Mads Mai Maik Maja Mala Malik Mandy Mara Marc
    Marcus Margarita Marian Marie Marina Marine Marion Mario Marisol Mark Marker Marshall Martin Mary Mason
    Matter Maurice Max May Medusa Melek Mercedes Merle Mia Mika Mila Milan Milagros Milo Milton Mina Minh
    Minor Mira Miranda Mitchell Modesto Mohan Mona Morgan Moritz Muna Natale Neil Nelson Nero Nieves Nina Noe
    Noor Nora Norma Norman Nour Olive Oliver Oscar Otto Ottilie Owen Paris Pascal Pat Paul Paz Pearl Percy Per
    Perry Peter Petri Pia Pierre Pilar Pino Placide Poppy Prem Primitivo Rana Ralph Ramadan Ray Reem Regina
    Reine Remedios Ren René Rex Richard Riku Rim Rin Robert Robin Roger Roland Roman Romana Romano Rosa
    Rosario Ross Roy Rubin Rune Russell Ruth Ryan Sally Salem Salvador Sam Sana Santiago Scott Serena Seth
    Shannon Shirley Shun Siegfried Simon Siv Socorro Sol Soledad Sonia Spencer Stanley Steen Stein Stella
    Stern Stewart Stuart Sue Sultan Sunday Sven Sydney Tam Tara Taylor Ted Thomas Tien Timo Todd Tom Tommy
    Tone Toni Tony Tor Tore Tracy Trang Tri Trinidad Troy Tuba Turner Una Unni Urban Urbano Valentin Valentine
    Vera Vernon Victoire Victor Victoria Vincent Viola Violet Virginia Vit Vito Vivian Wade Wallace Wale
    Walter Wanda Ward Warren Wayne Wesley Whitney Will William Willis Willy Wilson Winston Wolf Xin Yan Yong
    Yu Zara Aaltje Adalid Addison Addolorata Adem Afolabi Ahana Aïda Aine Akın Akoto Aladár Alana Albana
    Albina Albino Aldina Alen Aleš Alexandria Alexei Alia Aline Allie Alma Alondra Althea Alva Alvin Amari
    Ambrosio Amena Amer Américo Amie Amos Anas Anastasia Anderson Angèle Angelito Anis Antonina Aparecida
    Aparecido Apio Aquilino Arda Arend Ari Arie Ariel Arlo Armen Aron Arti Asher Ashton Askar Ásta Astuti
    Aubin Augusta Augustine Augustus Aurelia Aurora Aurore Aya Ayelet Azalea Azura Bäbi Babs Bader Bala Balder
    Banu Baraka Barrett Battista Bautista Bayram Beau Begüm Bella Belle Benedict Benigna Benigno Benita
    Bennett Bente Berna Bernarda Bette Bistra Bita Blanche Blanka Bob Bobby Bong Bonita Bonnie Bora Boro Boža
    Božo Braden Brady Brahim Brás Brock Brooke Brooklyn Bryant Byron Cain Caíque Camden Camilo Candy Caner
    Cara Carey Carme Carson Casey Cassandra Cássia Cassie Cástor Célestin Celestina Ceri Chaima Chandler Chaya
    Chea Cheikh Chester Chien Chuck Clayton Cleveland Cliff Colby Coleman Colomba Colton Consolata Constantino
    Cooper Cor Cora Corbin Cordelia Cordula Costanza Crispin Cristiana Cristiane Cuan Curt Custódio Cyrus
    Dahlia Dakota Dalia Dane Dang Danh Darla Darwin Dato Davis Davit Davor Dawson Dede Dee Delfina Delia
    Delilah Della Demi Denzel Desiderio Devi Devon Diem Diletta Ditte Dixie Doan Doha Dolly Donata Donovan
    Đorđe Dov Doyle Drew Dudley Duke Dulce Đuro Duy Easton Ebbe Eda Edik Edison Edit Efe Ege Elba Elliot
    Elliott Ellis Elma Els Elvis Emerson Enea Eri Eros Esau Espen Ester Eve Everett Ezra Fannie Fatai Fay
    Fedele Fedor Fedora Felicita Félicité Fenton Feras Fermo Ferry Fletcher Florentina Flossie Forrest
    Fortunata Fortunato Frans Fridolin Frits Funda Gaia Galen Garfield Garth Geertje Genta Georgiana Germana
    Germano Gideon Gil Gilda Giselle Glauco Gloriose Gocha Godfrey Goldie Graziano Grover Gus Hacer Hafiz
    Hakim Harlan Harper Hava Hayden Hein Helder Hele Heli Hélio Henderson Henni Hennie Herculano Hermine Hiep
    Hila Hollis Hong Horatio Hortensia Houston Hudson Hunter Hyacinthe Iker Immaculée Innocenza Ione Irais
    Iride Irving Isaiah Ishmael Iskra Israel Ivo Iwan Jaber Jabir Jaco Jada Jaden Jagoda Jale Jamar Jameson
    Jantje Jarvis Jasmin Jasper Jazmín Jeannette Jedda Jefferson Jerónimo Jette Jonah Joop Józef Judah Judd
    Jude Jugal Juliana Juliano Juma Jure Kaan Kade Kaden Kala Kalina Kane Karam Kareem Kassa Kato Keaton Kei
    Kendall Kendrick Kenya Keren Khang Khiem Kingsley Kiri Klas Knox Koos Kornel Krijn Kris Kumar Lada Laís
    Lam Lamar Lana Landon Lauro Layton Lazar Lázaro Leland Lennox Leona Leone Leónidas Leopoldina Lesa Lev
    Levente Levi Levin Liang Liberato Licia Lieve Līga Lila Lilla Lincoln Ling Lino Lisette Lissa Liv Liza
    Lolita Lori Loris Lowell Luan Lúcio Lula Lulu Luong Luther Lyle Maan Mack Madina Mae Magne Maïa Maie
    Majella Maki Malachi Malati Mallory Mamie Manolo Mansoor Marcelina Marci Márcio Margriet Mari Marin Maris
    Marjolein Marlen Marli Maro Mart Mārtiņš Maša Máté Mathurin Matina Mato Matt Mattie Maxim Máximo Maya
    Mazal Meas Mees Meg Mehari Mei Mele Mélina Melis Melisa Mélusine Merel Merita Micah Mijo Mike Mile Miles
    Minal Minerva Mirza Mitra Mollie Momo Monroe Monty Mordecai Moreno Morris Moses Müge Munira Murray Myron
    Nada Naira Nana Nanda Nani Narciso Narine Nato Naz Ned Nehemiah Neide Nel Nella Nello Nestor Neta Nhan
    Nick Nidal Noa Nolan Nona Nong Nonna Nori Novella Nur Octavia Odessa Olinda Olivera Önder Ophelia Oran
    Oren Orlando Ortensia Orville Osborne Otar Otis Oya Paisley Palesa Pam Pancho Panna Param Pari Pasang
    Patrizio Patti Paxton Pellegrino Pendo Peng Penny Percival Perla Perlita Petrus Phat Phil Philippine Phong
    Pierce Pingping Plácido Pola Preston Prosper Prospero Prudence Quan Queenie Quincy Quyen Rae Rahim Rahman
    Rakel Raman Randa Randolph Rani Rareș Ratan Raza Reece Reed Rei Reid Reina Remo Remus Reni Reto Reuben
    Reyes Rhea Rhett Rick Rietje Riley Rima Rob Robbert Roble Roch Ron Ronda Roos Roque Roscoe Rosen Rosie
    Rosina Rosita Rossa Royce Ruba Ruby Rudolph Rufus Rui Ruiling Rula Runa Rustico Rūta Ruža Ryder Sabatino
    Sabina Sabino Sabir Sagar Sagrario Salme Samanta Samara Samson Sanaa Santino Santos Satya Saule Sava
    Savannah Sawyer Saya Selena Sema Senada Serafín Serafina Servet Severin Severino Seymour Shadi Shalom
    Shelton Sherman Sherwood Shiva Shuai Shuang Sibylle Sid Sien Sienna Siniša Siri Sjaak Skye Solape Solomon
    Soma Stan Stana Stasi Suela Sukumar Sultana Summer Surya Tadele Taiga Taina Taís Tamia Tane Tanner Tecla
    Tero Terrance Tessa Thang Thein Tho Þóra Thu Thuong Tilde Tino Titus Tola Tomé Tosca Tova Trent Trenton
    Tressa Trieu Trijntje Trina Trixie Trong Truman Truong Tucker Tung Tuoi Tuong Tuya Tyson Umida Uri Ursina
    Vada Valencia Valentijn Valentino Valère Vance Vani Vanna Vasco Vaughn Veli Velu Vendel Venera Vernice
    Vesta Vid Vida Vilde Vince Virgil Vishnu Vitale Vitali Vitória Vuk Vuong Waad Wagner Weston Wies Wilbert
    Willard Winthrop Woodrow Wyatt Yana Yaya Yen Yogi Yuko Zaal Zafar Zaida Zaina Zarina Zaza Zeenat Zelda
    Zhuang Zion Zlata Zola Zora Zwaantje
    """)
)
GIVEN_NAMES: Final = frozenset(
    folded_word(name)
    for names in (
        _ENGLISH, _GERMAN, _FRENCH, _SPANISH, _ITALIAN, _NORTH, WEST,
        EAST, WEST_ASIA_AND_AFRICA, SOUTH_AND_EAST_ASIA,
    )
    for name in names.split()
)  # fmt: skip
# In lower case these are words of English, German, French, Spanish, Italian or Dutch.
LOW_WORDS: Final = frozenset(
    words("""
    abel adam axel berk claus ellen eren erin kader kalle kees koen nader piet steven willie wulf sten hege
    lasse laure nasser reiner rodel sture traute zaher borge altair amala amel anil beata belen candelaria
    carlota celestina concepcion corazon danica desta dino drago emerita facundo fausto florencia frances
    francisca haya inga italo jacinto lamia lando liban macarena manana marco marga maura miron morena negar
    nino paloma panji pascual patricio pepa petar pinar quique rabia rina roel rona roya roza saman seda segun
    silvestre sita sota taha talea tamara tatu vaida valia valon amare anni azzurra benedetto benedetta
    domenica donato frode grazia lotta massimo nunzio remi tolga assunta annunziata aditi astri dara matti
    siti regine margherita marita aimee beate celeste cesar cheri cherie chie claire clemence clementine colin
    desiree devin dina donna dora elise esperance fleur fritz gemma gera germain germaine guillaume hala
    honore iman indu jacobus lamine levent liane lois lorraine lyse melat mette micheline morgane moussa murat
    musa naif olivier palle pascale patrice pele pepe regis regula ravi reva romain romane rosalie sylvestre
    talat taras terri thai tord vasant ville violeta virat virginie capucine brandon angelique auguste
    augustin baptiste marjolaine maxime moises octave carmine dirk beryl ebony fanny florin harsh hazel
    heather hind jihad loan martial mats myrtle patsy raja rosemary said saki sander sari serge tamer taro
    wolfram ase asa ana ann ake avi duc ece eko ewa huw ida maj pal par ria ryo thi udo uma urs ute uwe wim
    yui
    """)
)
